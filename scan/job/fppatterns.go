package job

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"sonde/fingerprint"
	"sonde/scan/files"
)

// patternsChecked is up to which size, in bytes, all patterns of a folder are compiled before
// anything is asked. Larger ones take longer than a host: of these only what is needed is
// read, and what is wrong in it told at the end, unless -v wants to know all of it first.
const patternsChecked = 256 << 10

// readPatterns reads the patterns that the user brought, before privileges are given up.
func (f *fpScan) readPatterns() error {
	dir := f.spec.Ask.Fingerprints
	if dir == "" {
		return nil
	}
	theirs, err := openPatterns(dir)
	if err != nil {
		return Usage("--fingerprints: %w", err)
	}
	f.theirs = theirs
	f.patterns = fingerprint.BuiltinPatterns().With(theirs)
	if !f.spec.Show.Verbose && theirs.Size() > patternsChecked {
		return nil
	}
	left, err := theirs.Check()
	if err != nil {
		return Usage("--fingerprints: %s%w", dir+string(filepath.Separator), err)
	}
	if f.spec.Show.Verbose {
		for _, text := range left {
			f.note("--fingerprints: " + text)
		}
	}
	return nil
}

// openPatterns reads a folder. Whoever else may write there leads root nowhere else: neither
// by a link to the folder, nor by links in it.
func openPatterns(dir string) (*fingerprint.Patterns, error) {
	path, err := files.Resolve(dir)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	p, err := fingerprint.ReadPatterns(root.FS())
	if wrong := (*fs.PathError)(nil); errors.As(err, &wrong) && !strings.Contains(wrong.Path, dir) {
		wrong.Path = filepath.Join(dir, wrong.Path)
		return nil, wrong
	}
	if errors.Is(err, fingerprint.ErrNoPatterns) {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	if err != nil {
		return nil, errors.New(strings.TrimSuffix(dir, "/") + "/" + err.Error())
	}
	return p, nil
}

// tellPatterns tells what was wrong in the patterns that were needed.
func (f *fpScan) tellPatterns() {
	if f.theirs == nil {
		return
	}
	for _, text := range f.theirs.Problems() {
		f.env.warn(errors.New("--fingerprints: " + f.spec.Ask.Fingerprints + "/" + text + "; it is not used"))
	}
}
