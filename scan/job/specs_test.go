package job_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sonde/output"
	"sonde/output/outputtest"
	"sonde/probe"
	"sonde/scan/job"
	"sonde/scan/network"
	"sonde/scan/report"
	"sonde/scan/simnet"
)

var update = flag.Bool("update", false, "write the records in testdata/specs anew")

// specNetworks are the networks on which the Specs in testdata/specs are carried out.
var specNetworks = map[string]string{"sweep": "office.net", "sweep-ipv6": "office.net", "tcp": "office.net", "udp": "lan.net", "udp-ipv6": "lan.net", "fp": "office.net", "trace": "office.net"}

// TestSpecs carries out each Spec in testdata/specs, as it is in its file, without a
// command line: the JSON records are, byte for byte, those in the file beside it,
// which cmd/sonde holds the command lines to.
func TestSpecs(t *testing.T) {
	files, err := filepath.Glob("../../testdata/specs/*.json")
	if err != nil || len(files) != len(specNetworks) {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s, err := job.Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			got := carriedOut(t, specNetworks[name], s)
			beside := strings.TrimSuffix(file, ".json") + ".records"
			if *update {
				if err := os.WriteFile(beside, []byte(got), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(beside)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// checked passes records on, and checks that each, written as JSON and read again, is
// the same.
type checked struct {
	t    *testing.T
	sink *output.Sink
}

func (c checked) Put(r report.Record) {
	if err := outputtest.Check(r); err != nil {
		c.t.Error(err)
	}
	c.sink.Put(r)
}

// carriedOut returns the JSON of a Spec's run on a simulated network, in virtual time.
func carriedOut(t *testing.T, file string, s *job.Spec) string {
	t.Helper()
	simulated, err := simnet.Load(filepath.Join("../../testdata/networks", file))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		env := &job.Env{Version: "0.1.0-dev", Open: func(*network.Request) (*network.Network, error) {
			link := simulated.Open()
			return &network.Network{Link: link, Routes: link, Start: time.Now(), Ports: probe.Ports{First: 61000, N: 4000}, Dial: simnet.Servers()}, nil
		}}
		sink := output.NewSink(&b, output.JSON{})
		if _, err := job.Run(t.Context(), env, s, checked{t, sink}); err != nil {
			t.Error(err)
		}
		if err := sink.Close(); err != nil {
			t.Error(err)
		}
	})
	return b.String()
}
