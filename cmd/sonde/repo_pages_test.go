package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The pages for people, and comments, name nothing that is not there.

// pages are the pages for people that speak of the tree.
var pages = []string{"README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "BENCHMARKS.md", "CHANGELOG.md"}

// namesOfFiles are names of Go files and of pages, alone or with folders, that stand
// in a text; "*" in them stands for several.
var namesOfFiles = regexp.MustCompile(`[A-Za-z0-9_.*/-]+\.(go|md)\b`)

// namesInTree are names in backquotes of files and folders, by where they begin.
var namesInTree = regexp.MustCompile("`((?:cmd|scan|probe|fingerprint|output|testdata)(?:/[a-z0-9_*./-]+)?)`")

// TestFilesThatAreNamed: files that are named in comments are beside what names them,
// or there from the top on; files and folders in pages are there from the top on.
func TestFilesThatAreNamed(t *testing.T) {
	root := repository(t)
	there := func(name string) bool {
		found, err := filepath.Glob(filepath.Join(root, name))
		return err == nil && len(found) > 0
	}
	eachGoFile(t, func(name string) {
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, name), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, group := range file.Comments {
			for _, named := range namesOfFiles.FindAllString(group.Text(), -1) {
				if !there(path.Join(path.Dir(name), named)) && !there(named) {
					t.Errorf("%s speaks of %s, which is not there", name, named)
				}
			}
		}
	})
	for _, page := range pages {
		text := readPage(t, page)
		for _, named := range namesOfFiles.FindAllString(text, -1) {
			if !there(named) {
				t.Errorf("%s speaks of %s, which is not there", page, named)
			}
		}
		for _, named := range namesInTree.FindAllStringSubmatch(text, -1) {
			if !there(named[1]) {
				t.Errorf("%s speaks of %s, which is not there", page, named[1])
			}
		}
	}
}

// TestMapIsComplete: the map in ARCHITECTURE.md names the folder of every package.
func TestMapIsComplete(t *testing.T) {
	text := readPage(t, "ARCHITECTURE.md")
	_, text, _ = strings.Cut(text, "\n## Map\n")
	text, _, _ = strings.Cut(text, "\n## ")
	for _, p := range packages(t) {
		if !strings.Contains(text, "`"+p.ImportPath+"`") {
			t.Errorf("%s is not on the map", p.ImportPath)
		}
	}
}

// TestTestsAndTargetsThatAreNamed: tests and targets of make that pages name are there.
func TestTestsAndTargetsThatAreNamed(t *testing.T) {
	root, tests := repository(t), map[string]bool{}
	eachGoFile(t, func(name string) {
		if !strings.HasSuffix(name, "_test.go") {
			return
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, name), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok {
				tests[f.Name.Name] = true
			}
		}
	})
	named := regexp.MustCompile(`\b(?:Test|Fuzz|Example)[A-Z][A-Za-z0-9_]*`)
	made := regexp.MustCompile("(?m)(?:`|^    )make ([a-z][a-z-]*)")
	makefile := readPage(t, "Makefile")
	for _, page := range pages {
		text := readPage(t, page)
		for _, name := range named.FindAllString(text, -1) {
			if !tests[name] {
				t.Errorf("%s speaks of %s, which is not there", page, name)
			}
		}
		for _, target := range made.FindAllStringSubmatch(text, -1) {
			if !strings.Contains(makefile, "\n"+target[1]+":") {
				t.Errorf("%s speaks of make %s, which is not there", page, target[1])
			}
		}
	}
}

// TestChangelog: the part of CHANGELOG.md on what is not released is what the files
// in .changelog say, one for each change.
func TestChangelog(t *testing.T) {
	folder := filepath.Join(repository(t), ".changelog")
	entries, err := os.ReadDir(folder) // in the order of their names
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	want := ""
	for _, e := range entries {
		text := readPage(t, filepath.Join(".changelog", e.Name()))
		lines := strings.Split(text, "\n")
		if path.Ext(e.Name()) != ".md" || !strings.HasPrefix(text, "- ") || !strings.HasSuffix(text, "\n") ||
			slices.ContainsFunc(lines[1:len(lines)-1], func(line string) bool { return !strings.HasPrefix(line, "  ") }) {
			t.Errorf(".changelog/%s: not one item of a Markdown list", e.Name())
		}
		want += text
	}
	_, got, ok := strings.Cut(readPage(t, "CHANGELOG.md"), "\n## Not yet released\n\n")
	got, _, _ = strings.Cut(got, "\n## ")
	if !ok || got != want {
		t.Error("CHANGELOG.md is not what the files in .changelog say: make changelog")
	}
}

// readPage returns the text of a file, by its name from the top.
func readPage(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(repository(t), name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
