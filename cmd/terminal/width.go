package terminal

import (
	"io"
	"os"

	"golang.org/x/term"
)

// Lines of a text are as long as people like to read them, where the terminal lets them.
const (
	usualWidth  = 80 // where there is no terminal, or none that says how wide it is
	widestLines = 110
)

// Width is how many columns the terminal has that w is; 0: it is none, or does not say.
func Width(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}

// Of is the terminal that f is; nil: it is none.
func Of(f any) *os.File {
	if file, ok := f.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		return file
	}
	return nil
}

// Size is how many columns and lines the terminal has that f is; 0: it does not say.
func Size(f *os.File) (width, height int) {
	width, height, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0, 0
	}
	return width, height
}

// ProseWidth is how many columns a text of sentences has that is written to w.
func ProseWidth(w io.Writer) int {
	if width := Width(w); width > 0 {
		return min(width, widestLines)
	}
	return usualWidth
}
