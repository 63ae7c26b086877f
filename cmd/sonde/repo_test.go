package main

import (
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The rules of the repository. What follows is exact: what is not listed is
// forbidden, and what is listed is there.

// topLevel is all that may stand at the top, besides dot-files and bin, which
// make makes.
const topLevel = `cmd scan probe fingerprint output testdata go.mod go.sum Makefile LICENSE README.md ARCHITECTURE.md CONTRIBUTING.md CHANGELOG.md BENCHMARKS.md`

// importTable says which packages of ours each package imports, tests aside.
// ARCHITECTURE.md shows the same table.
const importTable = `
probe/wire          nothing
probe/payload       nothing
probe               probe/payload probe/wire
probe/field         probe probe/wire
probe/probetest     probe/wire
fingerprint         nothing
fingerprint/stack   nothing
scan                probe probe/wire
scan/report         probe probe/wire
scan/target         nothing
scan/files          nothing
scan/sandbox        nothing
scan/sweep          probe probe/wire scan
scan/ports          probe probe/wire scan scan/sweep
scan/trace          probe probe/field probe/wire scan scan/repeat scan/report scan/stat
scan/repeat         probe scan
scan/watched        probe scan/report scan/stat
scan/origin         scan/report
scan/service/protocol nothing
scan/service        fingerprint probe/payload scan/report scan/service/protocol
scan/stack          fingerprint/stack probe probe/wire scan
scan/stat           nothing
scan/trial          probe scan scan/stat
scan/then           scan/report scan/sandbox
scan/checkpoint     probe probe/wire scan scan/files
scan/capture        probe/wire
scan/link           probe probe/payload probe/wire scan scan/link/xdp
scan/link/linktest  probe/wire scan
scan/link/xdp       nothing
scan/network        probe probe/wire scan scan/link scan/sandbox scan/target
scan/job            fingerprint fingerprint/stack probe probe/field probe/payload probe/wire scan scan/capture scan/checkpoint scan/files scan/link scan/network scan/ports scan/repeat scan/report scan/sandbox scan/service scan/stack scan/sweep scan/target scan/then scan/trace scan/trial
scan/doctor         probe probe/wire scan scan/job scan/link scan/network scan/report scan/sandbox scan/sweep scan/target
scan/compare        probe/wire scan scan/capture scan/files scan/job scan/report scan/stat
scan/diff           probe probe/field probe/wire scan scan/job scan/report
scan/simnet         probe probe/wire scan
scan/lab            nothing
scan/lab/labtest    scan/lab
scan/lab/bench      scan/lab
scan/lab/demo       scan/lab
scan/lab/services   scan/lab
scan/lab/stress     nothing
output              output/page probe probe/field probe/wire scan/files scan/report
output/page         nothing
output/read         output probe probe/wire scan/report
output/outputtest   output scan/report
cmd/habit           nothing
cmd/nagios          output probe scan/job scan/report
cmd/terminal        scan scan/job
cmd/metrics         output scan/job scan/report scan/watched
cmd/screen          cmd/terminal output output/read probe scan/files scan/job scan/report scan/watched
cmd/complete        fingerprint output probe probe/wire scan scan/job
cmd/defaults        scan/job scan/report
cmd/manual          output probe probe/field scan scan/job
cmd/sonde           cmd/complete cmd/defaults cmd/habit cmd/manual cmd/metrics cmd/nagios cmd/screen cmd/terminal output output/read probe/field probe/wire scan scan/capture scan/compare scan/diff scan/doctor scan/files scan/job scan/network scan/origin scan/report scan/target scan/then
`

// powers says who uses other people's modules, and those packages of Go's own
// that reach out of the program: packages, or single files. ARCHITECTURE.md
// shows the same table.
const powers = `
unsafe                        scan/lab scan/link scan/link/xdp scan/sandbox
golang.org/x/sys              scan/lab scan/link scan/link/xdp scan/sandbox cmd/terminal
syscall                       scan/lab scan/link cmd/defaults cmd/sonde output scan scan/service scan/simnet scan/job scan/network scan/files scan/sandbox scan/then probe
os                            scan/lab scan/link cmd/sonde cmd/defaults cmd/manual cmd/screen cmd/terminal output scan/lab/bench scan/lab/demo scan/lab/labtest scan/lab/services scan/lab/stress scan/simnet scan/job scan/network scan/files scan/sandbox scan/compare scan/diff
os/exec                       scan/then scan/lab scan/lab/bench scan/lab/demo scan/lab/services scan/lab/stress
os/signal                     cmd/sonde
net                           scan/lab scan/link cmd/complete cmd/metrics cmd/sonde scan/lab/bench scan/lab/demo scan/service scan/target scan/job scan/network scan/simnet
github.com/cilium/ebpf        scan/lab scan/link/xdp
github.com/dchest/siphash     probe
github.com/google/go-cmp      output/outputtest
github.com/google/gopacket    scan/lab
github.com/google/nftables    scan/lab scan/link
github.com/kballard           scan/then
github.com/landlock-lsm       scan/sandbox
github.com/mdlayher/netlink   scan/link
github.com/mdlayher/raw       scan/link
github.com/pelletier          cmd/defaults fingerprint/stack
github.com/spf13/cobra        cmd/complete cmd/defaults cmd/habit cmd/manual cmd/sonde
github.com/spf13/pflag        cmd/complete cmd/defaults cmd/habit cmd/manual cmd/sonde
github.com/vishvananda        scan/lab scan/link
go4.org/netipx                scan/link scan/target scan/network scan/job scan/simnet
golang.org/x/net              scan/lab scan/link scan/sandbox scan/service
golang.org/x/sync             scan/target scan/job
golang.org/x/term             cmd/terminal
golang.org/x/text             output
golang.org/x/time             scan
gonum.org/v1/gonum            scan/stat scan/trial
kernel.org/pub/linux/libs     scan/link scan/network scan/sandbox
`

// guarded are the packages of Go's own that need a line in powers.
var guarded = []string{"C", "unsafe", "syscall", "plugin", "os", "os/exec", "os/signal", "net", "log", "log/slog"}

// clocks are the files and folders that may read the clock or wait for it, tests
// aside: with all others a scan runs in virtual time.
const clocks = `
scan/engine.go       the engine's clock
scan/bulk.go         the same, for a link that asks by itself
scan/asker.go        its loop, which waits until the machine wants to be called
scan/link            kernel time stamps, and patience with the kernel
scan/simnet/link.go  the same clock for what is simulated
scan/service         conversations, which the kernel carries
scan/lab             real networks
scan/job             how long a run took, when news is written to a checkpoint, and how long a host waits for others
scan/network         zero of the clock, and where a block of source ports begins
scan/doctor          how long it looked
scan/compare/run.go  how long it took
scan/diff/run.go     how long it took
scan/files           how often a FIFO is tried
output/stream.go     how long a line may wait to be written
cmd                  what the user sees of time
`

// outspoken are the files and folders that may print, end the program or touch
// its standard streams.
const outspoken = `
cmd                  what users run
scan/lab/bench       what users run
scan/lab/demo        what users run
scan/lab/services    what developers run
scan/lab/stress      what developers run
scan/lab/labtest     says why tests are skipped
scan/lab/enter.go    runs the program again, with the streams that it has
`

func TestTopLevel(t *testing.T) {
	entries, err := os.ReadDir(repository(t))
	if err != nil {
		t.Fatal(err)
	}
	missing := strings.Fields(topLevel)
	for _, e := range entries {
		i := slices.Index(missing, e.Name())
		if i >= 0 {
			missing = slices.Delete(missing, i, i+1)
		} else if !strings.HasPrefix(e.Name(), ".") && e.Name() != "bin" {
			t.Errorf("%s does not belong at the top", e.Name())
		}
	}
	if len(missing) > 0 {
		t.Errorf("missing: %v", missing)
	}
}

func TestImports(t *testing.T) {
	may := rows(importTable)
	for _, p := range packages(t) {
		row, ok := may[p.ImportPath]
		if !ok {
			t.Errorf("%s: not in the table", p.ImportPath)
		}
		delete(may, p.ImportPath)
		if slices.Equal(row, []string{"nothing"}) {
			row = nil
		}
		var have []string
		for _, i := range p.Imports {
			if ours, ok := strings.CutPrefix(i, "sonde/"); ok {
				have = append(have, ours)
			}
		}
		slices.Sort(have)
		slices.Sort(row)
		if !slices.Equal(have, row) {
			t.Errorf("%s imports %v, and should %v", p.ImportPath, have, row)
		}
	}
	for p := range may {
		t.Errorf("%s: in the table, but not there", p)
	}
}

func TestPowers(t *testing.T) {
	may := rows(powers)
	used := map[[2]string]bool{}
	for _, p := range packages(t) {
		for name, file := range p.files {
			for _, spec := range file.Imports {
				imported, _ := strconv.Unquote(spec.Path.Value)
				power := imported
				for may[power] == nil && strings.Contains(power, "/") { // a package of a module
					power = path.Dir(power)
				}
				foreign := strings.Contains(strings.Split(imported, "/")[0], ".")
				switch {
				case slices.Contains(may[power], p.ImportPath):
					used[[2]string{power, p.ImportPath}] = true
				case slices.Contains(may[power], name):
					used[[2]string{power, name}] = true
				case foreign || slices.Contains(guarded, imported):
					t.Errorf("%s imports %s, which is not its business", name, imported)
				}
			}
		}
	}
	for power, users := range may {
		for _, user := range users {
			if !used[[2]string{power, user}] {
				t.Errorf("%s does not use %s any more", user, power)
			}
		}
	}
}

// The page for people shows the tables that the tests hold.
func TestTablesAreShown(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(repository(t), "ARCHITECTURE.md"))
	if err != nil {
		t.Fatal(err)
	}
	for name, table := range map[string]string{"imports": importTable, "powers": powers} {
		if !strings.Contains(string(page), "```"+table+"```") {
			t.Errorf("ARCHITECTURE.md does not show the table of %s as it is", name)
		}
	}
}

func TestDocs(t *testing.T) {
	for _, p := range packages(t) {
		if p.Doc == "" {
			t.Errorf("%s has no doc comment", p.ImportPath)
		}
	}
}

func TestClocks(t *testing.T) {
	used := map[string]bool{}
	for _, p := range packages(t) {
		for name, file := range p.files {
			eachSelector(file, func(selector string) {
				switch selector {
				case "time.Now", "time.Since", "time.Until", "time.Sleep", "time.After", "time.AfterFunc",
					"time.Tick", "time.NewTicker", "time.NewTimer":
					if !covered(clocks, name, used) {
						t.Errorf("%s uses %s", name, selector)
					}
				}
			})
		}
	}
	unused(t, clocks, used)
}

func TestNothingPrintsOrExits(t *testing.T) {
	used := map[string]bool{}
	for _, p := range packages(t) {
		for name, file := range p.files {
			eachSelector(file, func(selector string) {
				switch selector {
				case "os.Exit", "os.Stdin", "os.Stdout", "os.Stderr", "fmt.Print", "fmt.Printf", "fmt.Println":
					if !covered(outspoken, name, used) {
						t.Errorf("%s uses %s", name, selector)
					}
				}
			})
			for _, d := range file.Decls {
				if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
					t.Errorf("%s does something before anybody asked: func init", name)
				}
			}
		}
	}
	unused(t, outspoken, used)
}

// rows reads a table: a name and what belongs to it.
func rows(table string) map[string][]string {
	m := map[string][]string{}
	for line := range strings.Lines(strings.TrimSpace(table)) {
		words := strings.Fields(line)
		m[words[0]] = words[1:]
	}
	return m
}

// covered tells whether a file, or a folder that it is in, is in a table of
// exceptions, and notes which.
func covered(table, name string, used map[string]bool) bool {
	for exception := range rows(table) {
		if name == exception || strings.HasPrefix(name, exception+"/") {
			used[exception] = true
			return true
		}
	}
	return false
}

// unused fails for exceptions that nobody needs.
func unused(t *testing.T, table string, used map[string]bool) {
	t.Helper()
	for exception := range rows(table) {
		if !used[exception] {
			t.Errorf("%s needs no exception any more", exception)
		}
	}
}

// source is a package with its files, tests aside, by their names from the top.
type source struct {
	*build.Package
	files map[string]*ast.File
}

// packages reads all packages of the repository; ImportPath is from the top.
func packages(t *testing.T) []source {
	t.Helper()
	root := repository(t)
	seen := map[string]bool{}
	var list []source
	eachGoFile(t, func(name string) {
		folder := path.Dir(name)
		if seen[folder] || strings.HasPrefix(folder, "testdata/") {
			return
		}
		seen[folder] = true
		p, err := build.ImportDir(filepath.Join(root, folder), 0)
		if err != nil {
			t.Fatal(err)
		}
		p.ImportPath = folder
		s := source{p, map[string]*ast.File{}}
		for _, f := range p.GoFiles {
			file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, folder, f), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			s.files[path.Join(folder, f)] = file
		}
		list = append(list, s)
	})
	return list
}

// eachGoFile calls f with the names, from the top, of all Go files.
func eachGoFile(t *testing.T, f func(name string)) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(repository(t)), ".", func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && name != "." && strings.HasPrefix(e.Name(), "."):
			return fs.SkipDir
		case !e.IsDir() && strings.HasSuffix(name, ".go"):
			f(name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// eachSelector calls f with every "package.Name" of a file.
func eachSelector(file *ast.File, f func(selector string)) {
	ast.Inspect(file, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok {
				f(x.Name + "." + s.Sel.Name)
			}
		}
		return true
	})
}
