package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// What a kind is like is stated by the kind (probe.Traits), so that a new one gets
// all that kinds like it get. Who compares kinds by identity, or looks at their
// types, forgets the new one.

// callsKinds are the packages that may ask for the interfaces of kinds, in order
// to call their methods.
const callsKinds = `
scan  builds packets and claims answers
`

func TestKindsAreNotCompared(t *testing.T) {
	kinds := map[string]bool{}
	used := map[string]bool{}
	list := packages(t)
	for _, p := range list {
		if p.ImportPath == "probe" {
			for _, file := range p.files {
				registeredKinds(file, kinds)
			}
		}
	}
	if !kinds["SYN"] || !kinds["UDP"] || kinds["Register"] {
		t.Fatalf("the kinds of probe are not found: %v", kinds)
	}
	for _, p := range list {
		for name, file := range p.files {
			calls := asksForMethods(file)
			if calls && rows(callsKinds)[p.ImportPath] != nil {
				used[p.ImportPath] = true
				calls = false
			}
			for _, complaint := range comparedKinds(file, kinds) {
				t.Errorf("%s %s: probe.Traits, probe.Packets and probe.BySocket say what a kind is like", name, complaint)
			}
			if calls {
				t.Errorf("%s asks a kind for one of its interfaces, whose methods are not its business", name)
			}
		}
	}
	unused(t, callsKinds, used)
}

// TestKindsAreNotComparedNegative shows what the rule finds, and what it lets pass.
func TestKindsAreNotComparedNegative(t *testing.T) {
	kinds := map[string]bool{"SYN": true, "UDP": true}
	for _, test := range []struct {
		code    string
		found   bool // by comparedKinds
		methods bool // by asksForMethods
	}{
		{code: `_ = k == probe.SYN`, found: true},
		{code: `_ = probe.SYN != k`, found: true},
		{code: `_ = (probe.UDP) == k`, found: true},
		{code: `_ = k.Name() == probe.UDP.Name()`, found: true},
		{code: `_ = p == (ping{Kind: probe.SYN})`, found: true},
		{code: `switch k { case probe.SYN: }`, found: true},
		{code: `switch probe.SYN { case k: }`, found: true},
		{code: `_ = slices.Contains(list, ping{Kind: probe.SYN})`, found: true},
		{code: `_ = slices.Index(list, probe.SYN)`, found: true},
		{code: `_ = table[probe.SYN]`, found: true},
		{code: `_ = map[probe.Kind]int{probe.SYN: 1}`, found: true},
		{code: `_, ok := k.(probe.LinkKind); _ = ok`, found: true, methods: true},
		{code: `if _, ok := k.(probe.LinkKind); ok { }`, found: true, methods: true},
		{code: `var _, ok = k.(probe.SocketKind)`, found: true, methods: true},
		{code: `switch k.(type) { case probe.PacketKind: }`, found: true, methods: true},
		{code: `switch x := k.(type) { case nil, probe.PacketKind: x.Append() }`, methods: true, found: true},
		{code: `if l, ok := k.(probe.LinkKind); ok { l.Frame() }`, methods: true},
		{code: `k.(probe.PacketKind).Append()`, methods: true},
		{code: `k = probe.SYN`},
		{code: `_ = ping{Kind: probe.SYN}`},
		{code: `_ = []probe.Kind{probe.SYN, probe.UDP}`},
		{code: `_ = k == other`},
		{code: `_ = slices.Contains(list, k)`},
		{code: `_ = state == probe.Open`},
		{code: `_ = k.(fmt.Stringer)`},
		{code: `k, _ = probe.BySocket(probe.SYN)`},
	} {
		for _, imported := range []string{`"sonde/probe"`, `ask "sonde/probe"`} {
			code := test.code
			if strings.HasPrefix(imported, "ask") {
				code = strings.ReplaceAll(code, "probe.", "ask.")
			}
			file, err := parser.ParseFile(token.NewFileSet(), "", "package p\nimport "+imported+"\nfunc f() {\n"+code+"\n}", parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			if got := comparedKinds(file, kinds); (len(got) > 0) != test.found {
				t.Errorf("%s: complaints %q", code, got)
			}
			if got := asksForMethods(file); got != test.methods {
				t.Errorf("%s: asks for methods: %v", code, got)
			}
		}
	}
	file, err := parser.ParseFile(token.NewFileSet(), "", `package p; import "other/probe"; var _ = k == probe.SYN`, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got := comparedKinds(file, kinds); len(got) > 0 {
		t.Errorf("of another package: %q", got)
	}
}

// registeredKinds adds the package variables that Register has made.
func registeredKinds(file *ast.File, kinds map[string]bool) {
	for _, d := range file.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.VAR {
			continue
		}
		for _, spec := range g.Specs {
			v := spec.(*ast.ValueSpec)
			for i, value := range v.Values {
				call, ok := value.(*ast.CallExpr)
				if !ok {
					continue
				}
				if f, ok := call.Fun.(*ast.Ident); ok && f.Name == "Register" && v.Names[i].Name != "_" {
					kinds[v.Names[i].Name] = true
				}
			}
		}
	}
}

// comparedKinds lists where a file finds out what a kind is like by comparing it
// with a package variable of probe, or by trying its type.
func comparedKinds(file *ast.File, kinds map[string]bool) (complaints []string) {
	local := importedAs(file, "sonde/probe")
	if local == "" {
		return nil
	}
	// names returns the first of the kinds that stands in one of the expressions.
	names := func(list ...ast.Expr) (kind string) {
		for _, e := range list {
			if e == nil {
				continue
			}
			ast.Inspect(e, func(n ast.Node) bool {
				if name := selected(n, local); kinds[name] && kind == "" {
					kind = name
				}
				return true
			})
		}
		return kind
	}
	compared := func(list ...ast.Expr) {
		if kind := names(list...); kind != "" {
			complaints = append(complaints, "compares with "+kind)
		}
	}
	// tries notes that the value of an assertion is thrown away.
	tries := func(left, value ast.Expr) {
		a, ok := value.(*ast.TypeAssertExpr)
		if blank, isName := left.(*ast.Ident); ok && isName && blank.Name == "_" && kindInterface(a.Type, local) {
			complaints = append(complaints, "tries for "+selected(a.Type, local))
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BinaryExpr:
			if n.Op == token.EQL || n.Op == token.NEQ {
				compared(n.X, n.Y)
			}
		case *ast.SwitchStmt:
			compared(n.Tag)
			for _, c := range n.Body.List {
				if n.Tag != nil { // otherwise they are comparisons themselves
					compared(c.(*ast.CaseClause).List...)
				}
			}
		case *ast.TypeSwitchStmt:
			for _, c := range n.Body.List {
				for _, e := range c.(*ast.CaseClause).List {
					if kindInterface(e, local) {
						complaints = append(complaints, "tries for "+selected(e, local))
					}
				}
			}
		case *ast.CallExpr:
			if f, ok := n.Fun.(*ast.SelectorExpr); ok {
				if x, ok := f.X.(*ast.Ident); ok && slices.Contains(compares, x.Name+"."+f.Sel.Name) {
					compared(n.Args...)
				}
			}
		case *ast.IndexExpr:
			compared(n.Index)
		case *ast.KeyValueExpr:
			compared(n.Key)
		case *ast.AssignStmt:
			if len(n.Rhs) == 1 {
				tries(n.Lhs[0], n.Rhs[0])
			}
		case *ast.ValueSpec:
			if len(n.Values) == 1 {
				tries(n.Names[0], n.Values[0])
			}
		}
		return true
	})
	return complaints
}

// compares are functions that compare what they are given.
var compares = []string{"slices.Contains", "slices.Index", "reflect.DeepEqual"}

// asksForMethods tells whether a file asserts that a kind has one of the interfaces
// of probe that have further methods.
func asksForMethods(file *ast.File) (does bool) {
	local := importedAs(file, "sonde/probe")
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.TypeAssertExpr:
			does = does || kindInterface(n.Type, local)
		case *ast.CaseClause:
			does = does || slices.ContainsFunc(n.List, func(e ast.Expr) bool { return kindInterface(e, local) })
		}
		return true
	})
	return does
}

// kindInterface tells whether e names an interface of kinds: PacketKind and such.
func kindInterface(e ast.Expr, local string) bool {
	name := selected(e, local)
	return strings.HasSuffix(name, "Kind") && name != "Kind"
}

// importedAs is the name that a file has for a package; "" if it does not import it.
func importedAs(file *ast.File, name string) string {
	for _, spec := range file.Imports {
		if imported, _ := strconv.Unquote(spec.Path.Value); imported == name {
			if spec.Name != nil {
				return spec.Name.Name
			}
			return path.Base(name)
		}
	}
	return ""
}

// selected is the Name of "local.Name"; "" if n is something else.
func selected(n ast.Node, local string) string {
	if s, ok := n.(*ast.SelectorExpr); ok && local != "" {
		if x, ok := s.X.(*ast.Ident); ok && x.Name == local {
			return s.Sel.Name
		}
	}
	return ""
}
