package main

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"sonde/scan/lab"
	"sonde/scan/report"
)

// This file has trials against real kernels and a real firewall: make test asks each
// question once for each family, make trials many times, as TRIALS says.

// trialCase is a firewall, a trial, and what it has to name.
type trialCase struct {
	name  string
	rules []lab.Rule
	line  string
	// named are the properties of the effects, in any order; a kind of answer stands
	// behind a colon.
	named []string
	exit  int
}

// synFromClient are rules of the router about SYNs.
func synFromClient(rules ...lab.Rule) []lab.Rule {
	for i := range rules {
		rules[i].Chain, rules[i].Proto = lab.Forward, "tcp"
		if rules[i].Flags == "" {
			rules[i].Flags = "S/SA"
		}
		if rules[i].Do == lab.Count {
			rules[i].Do = lab.Drop
		}
	}
	return rules
}

const sixVariants = "--vary tcp-options=none|mss|mss,sackok|mss,wscale=7|mss,ts|linux"

// trialCases are what stands under "It is done when".
func trialCases(v6 bool) []trialCase {
	to, from := "10.2.0.10", "10.1.0.7"
	if v6 {
		to, from = "fd02::10", "fd01::7"
	}
	option := func(kind uint8) lab.TCPOptions { return lab.TCPOptions{Has: kind} }
	return []trialCase{
		{"30 % of the SYNs with SACK permitted", synFromClient(lab.Rule{Options: option(4), Share: 0.3}), sixVariants, []string{"sackok"}, 0},
		{"nothing dropped", nil, sixVariants, nil, 1},
		{"20 % of all dropped", synFromClient(lab.Rule{Share: 0.2}), sixVariants, nil, -1},
		{"SYNs without MSS dropped", synFromClient(lab.Rule{Options: lab.TCPOptions{Lacks: 2}}), sixVariants, []string{"missing mss"}, 0},
		{"an order of options", synFromClient(lab.Rule{Options: lab.TCPOptions{Has: 2, First: 4}, Share: 0.5}), "--vary tcp-options=mss,sackok|sackok,mss|mss|sackok", []string{"sackok before mss"}, 0},
		{"a value of the window scale", synFromClient(lab.Rule{Options: lab.TCPOptions{Shift: 14}}), "--vary tcp-options=mss|mss,wscale=7|mss,wscale=8|mss,wscale=14|mss,sackok,wscale=14", []string{"wscale=14"}, 0},
		{"a TOS byte", synFromClient(lab.Rule{Dst: to, TOS: 184, Share: 0.5}), "--vary tos=0|8|184", []string{"tos=184"}, 0},
		{"a source address", synFromClient(lab.Rule{Src: from, Share: 0.5}), "--vary source=" + map[bool]string{false: "10.1.0.1|10.1.0.7", true: "fd01::1|fd01::7"}[v6], []string{"source=" + from}, 0},
		{"ECE and CWR", synFromClient(lab.Rule{Flags: "SEC/SEC"}), "--vary flags=S|SEC|SE|SC", []string{"flags=SEC"}, 0},
		{"a size", synFromClient(lab.Rule{Longer: 400}), "--vary size=100|300|500|1000", []string{"size ≥ 500"}, 0},
		{"two rules at once", synFromClient(lab.Rule{Options: option(4), Share: 0.4}, lab.Rule{Dst: to, TOS: 184, Share: 0.5}), "--vary tcp-options=mss|mss,sackok --vary tos=0|184", []string{"sackok", "tos=184"}, 0},
		{"two options together", synFromClient(lab.Rule{Options: lab.TCPOptions{Has: 8, Shift: 7}}), "--vary tcp-options=mss|mss,ts|mss,wscale=7|mss,ts,wscale=7|sackok,ts|linux", []string{"ts with wscale"}, 0},
		{"RST in the place of an answer", synFromClient(lab.Rule{Options: option(4), Share: 0.5, Do: lab.Reset}), sixVariants, []string{"sackok:reset"}, 0},
	}
}

// TestTrials: what a firewall does to some packets is named, and nothing else is.
func TestTrials(t *testing.T) {
	t.Parallel()
	for _, v6 := range []bool{false, true} {
		for _, tt := range trialCases(v6) {
			family, to := "IPv4 ", "10.2.0.10"
			if v6 {
				family, to = "IPv6 ", "fd02::10"
			}
			t.Run(family+tt.name, func(t *testing.T) {
				t.Parallel()
				o := newOffice(t)
				o.client.Addr("eth0", "10.1.0.7/24", "fd01::7/64")
				o.server.TCP(21)
				o.router.Firewall(tt.rules...)
				tt.tried(t, family, func() *outcome {
					args := strings.Fields("trial -p 21 -c 200 --interval 15ms " + tt.line)
					return ask(t, o.client, args[0], append(args[1:], to)...)
				})
			})
		}
	}
}

// tried runs a trial, and compares what it names. Which packets are dropped is drawn by lot,
// so what is wrong once has to be right twice; or it is run as often as TRIALS says, and what
// is there has to be named each time, and what is not at most once in twenty (the confidence
// is 95 %).
func (tt *trialCase) tried(t *testing.T, family string, run func() *outcome) {
	t.Helper()
	right := func() bool {
		got := run()
		named, want := effectsOf(got.records), slices.Sorted(slices.Values(tt.named))
		if slices.Equal(named, want) && (tt.exit < 0 || got.exit == tt.exit) {
			return true
		}
		t.Logf("named %q, exit %d; want %q, %d\n%s", named, got.exit, want, tt.exit, got.text)
		return false
	}
	times, _ := strconv.Atoi(os.Getenv("TRIALS"))
	if times == 0 {
		if right() {
			return
		}
		for range 2 {
			if !right() {
				t.Fatal("wrong twice")
			}
		}
		return
	}
	wrong, allowed := 0, 0
	if tt.named == nil {
		allowed = times / 20
	}
	for range times {
		if !right() {
			wrong++
		}
	}
	if wrong > allowed {
		t.Errorf("%d of %d are wrong", wrong, times)
	}
	fmt.Printf("%s%s: %d of %d right\n", family, tt.name, times-wrong, times)
}

// TestTrialsOfLossThatComesAndGoes: half of all SYNs is lost in every other second, and
// no variant is blamed for it.
func TestTrialsOfLossThatComesAndGoes(t *testing.T) {
	t.Parallel()
	for _, to := range []string{"10.2.0.10", "fd02::10"} {
		t.Run(to, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			o.server.TCP(21)
			over, stopped := make(chan struct{}), make(chan struct{})
			go func() {
				defer close(stopped)
				for {
					f := o.router.Firewall(synFromClient(lab.Rule{Share: 0.5})...)
					if after(over, time.Second) {
						return
					}
					f.Remove()
					if after(over, time.Second) {
						return
					}
				}
			}()
			tt := trialCase{name: "loss in every other second", exit: -1}
			tt.tried(t, to+" ", func() *outcome {
				return ask(t, o.client, "trial", "-p", "21", "-c", "200", "--interval", "50ms", "--vary", "tcp-options=none|mss|mss,sackok|linux", to)
			})
			close(over)
			<-stopped
		})
	}
}

// after waits, and tells whether over was closed meanwhile.
func after(over <-chan struct{}, d time.Duration) bool {
	select {
	case <-over:
		return true
	case <-time.After(d):
		return false
	}
}

// TestTrialsOfFlows: where one of four paths is dead, a quarter of the flows never
// answers, and no option is blamed; where a quarter of the packets is lost at random, that
// is said not to belong to flows.
func TestTrialsOfFlows(t *testing.T) {
	t.Parallel()
	for _, to := range []string{"10.2.0.10", "fd02::10"} {
		for name, rule := range map[string]lab.Rule{"dead-flows": {Hash: 4}, "chance": {Share: 0.25}} {
			t.Run(name+" "+to, func(t *testing.T) {
				t.Parallel()
				o := newOffice(t)
				o.server.TCP(21)
				o.router.Firewall(synFromClient(rule)...)
				tt := trialCase{name: name, exit: -1}
				tt.tried(t, to+" ", func() *outcome {
					got := ask(t, o.client, "trial", "-p", "21", "-c", "100", "--interval", "15ms", "--vary", "tcp-options=none|mss|mss,sackok|linux", to)
					all := recordsOf[*report.Conclusion](got.records)
					if len(all) != 1 || all[0].Flows == nil || all[0].Flows.Result != name {
						t.Errorf("%+v\n%s", all, got.text)
						return got
					}
					f := all[0].Flows
					if name == "chance" {
						return got
					}
					// Of 29 flows a quarter is 7, more or less: 1 to 14 in 999 of 1,000 runs.
					if f.Dead < 0.02 || f.Dead > 0.5 || len(f.Decides) == 0 || slices.Contains(f.Idle, "source port") || slices.Contains(f.Idle, "destination port") || slices.Contains(f.Decides, "flow label") {
						t.Errorf("%+v\n%s", f, got.text)
					}
					return got
				})
			})
		}
	}
}

// effectsOf are the properties that were named, sorted.
func effectsOf(records []report.Record) (list []string) {
	for _, e := range recordsOf[*report.Effect](records) {
		text := strings.Join(e.Properties, " with ")
		if e.Kind != "" {
			text += ":" + e.Kind
		}
		list = append(list, text)
	}
	slices.Sort(list)
	return list
}
