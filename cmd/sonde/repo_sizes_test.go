package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// Sizes beyond which something has more than one subject, or is not read in one go.
// What is larger for a reason stands in a table with it; a struct says the reason in
// its comment, too.
const (
	maxLines, maxTestLines = 400, 600 // of a file
	maxFuncLines           = 80       // of a function, tests aside
	maxFields              = 25       // of a struct, tests aside
)

// oversize are the files longer than maxLines (tests: maxTestLines), and why.
const oversize = `
`

// longFuncs are the functions longer than maxFuncLines, and why.
const longFuncs = `
scan/lab/bench.jobs  a table: every job that is measured, with its command lines
`

// wideStructs are the structs of more than maxFields fields, and why.
const wideStructs = `
scan.Plan            a set of questions as data: each dimension and each bound is a field
scan/simnet.Counts   one number for each thing that can become of a packet
scan/simnet.Link     the whole state of a simulated network, which one lock guards
`

func TestFileLengths(t *testing.T) {
	root := repository(t)
	used := map[string]bool{}
	eachGoFile(t, func(name string) {
		b, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		most := maxLines
		if strings.HasSuffix(name, "_test.go") {
			most = maxTestLines
		}
		if n := bytes.Count(b, []byte("\n")); n > most && !covered(oversize, name, used) {
			t.Errorf("%s has %d lines, more than %d: more than one subject?", name, n, most)
		}
	})
	unused(t, oversize, used)
}

func TestFunctionLengths(t *testing.T) {
	used := map[string]bool{}
	for name, n := range measured(t, funcLines) {
		if n > maxFuncLines && !covered(longFuncs, name, used) {
			t.Errorf("%s has %d lines, more than %d: more than one subject?", name, n, maxFuncLines)
		}
	}
	unused(t, longFuncs, used)
}

func TestStructSizes(t *testing.T) {
	used := map[string]bool{}
	for name, n := range measured(t, structFields) {
		if n > maxFields && !covered(wideStructs, name, used) {
			t.Errorf("%s has %d fields, more than %d: is there a part of it with a name?", name, n, maxFields)
		}
	}
	unused(t, wideStructs, used)
}

// TestSizesAreMeasured shows what is counted.
func TestSizesAreMeasured(t *testing.T) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, "", `package p
type pair struct {
	a, b int
	*strings.Builder
	in struct{ c int }
}
func f() {
}
func (p *list[T]) g() { go func() {
	f()
}() }`, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	funcLines(files, file, func(name string, n int) { got[name] = n })
	structFields(files, file, func(name string, n int) { got[name] = n })
	if want := map[string]int{"pair": 4, "f": 2, "list.g": 3}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("measured %v, want %v", got, want)
	}
}

// measured is what measure finds in all files that are no tests, by package and name.
func measured(t *testing.T, measure func(files *token.FileSet, file *ast.File, found func(name string, n int))) map[string]int {
	t.Helper()
	root, sizes := repository(t), map[string]int{}
	eachGoFile(t, func(name string) {
		if strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, "testdata/") {
			return
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, filepath.Join(root, name), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		measure(files, file, func(found string, n int) { sizes[path.Dir(name)+"."+found] = n })
	})
	if len(sizes) == 0 {
		t.Fatal("nothing is measured")
	}
	return sizes
}

// funcLines tells the lines of each function, those of a method by "type.method".
func funcLines(files *token.FileSet, file *ast.File, found func(name string, n int)) {
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		name := f.Name.Name
		if f.Recv != nil {
			of := f.Recv.List[0].Type
			if star, ok := of.(*ast.StarExpr); ok {
				of = star.X
			}
			switch generic := of.(type) {
			case *ast.IndexExpr:
				of = generic.X
			case *ast.IndexListExpr:
				of = generic.X
			}
			name = of.(*ast.Ident).Name + "." + name
		}
		found(name, files.Position(f.End()).Line-files.Position(f.Pos()).Line+1)
	}
}

// structFields tells how many fields each named struct has; a struct in it is one.
func structFields(_ *token.FileSet, file *ast.File, found func(name string, n int)) {
	for _, d := range file.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range g.Specs {
			s, ok := spec.(*ast.TypeSpec)
			if !ok {
				continue
			}
			if of, ok := s.Type.(*ast.StructType); ok {
				n := 0
				for _, f := range of.Fields.List {
					n += max(1, len(f.Names))
				}
				found(s.Name.Name, n)
			}
		}
	}
}
