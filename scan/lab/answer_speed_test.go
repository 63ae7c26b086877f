package lab_test

import (
	"fmt"
	"math"
	"syscall"
	"testing"
	"time"

	"github.com/google/gopacket/layers"

	"sonde/scan/lab"
)

// TestAnswersFast: all questions of a fast scan are answered as they should be. Whoever
// sends pays for the answers with its own time; how many that are a second is shown.
func TestAnswersFast(t *testing.T) {
	client, router := answering(t, lab.Answers{Alive: 0.05, OpenShare: 0.4})
	list := syns(t, client, router, 4096)
	want, addr := 0, answered.Addr()
	for range list {
		addr = addr.Next()
		if (&lab.Answers{Range: answered, Alive: 0.05}).Up(addr) {
			want++
		}
	}
	before, spent := client.Received("eth0"), spentTime(t)
	const rounds = 100
	client.Flood("eth0", list, rounds)
	took := (spentTime(t) - spent).Seconds()
	back := client.Received("eth0") - before
	each := float64(rounds*len(list)) / took
	t.Logf("%.0f SYNs a second, %d of %d answered", each, back, rounds*len(list))
	// The kernel may have said something of its own.
	if int(back) < want*rounds || int(back) > want*rounds+2 {
		t.Errorf("%d answers to %d rounds, want %d in each", back, rounds, want)
	}
}

// spentTime is the time of the processors that this process has used.
func spentTime(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// syns are frames with SYNs to port 443 of the first addresses of the range.
func syns(t *testing.T, client, router *lab.Host, n int) [][]byte {
	t.Helper()
	var questions []asked
	addr := answered.Addr()
	for i := range n {
		addr = addr.Next()
		questions = append(questions, asked{addr, &layers.TCP{SYN: true, SrcPort: 40000, DstPort: 443, Seq: uint32(i)}})
	}
	return frames(t, client, router, questions)
}

// awaitReceived returns how many frames have come in since before, once there
// are that many or no more come for three seconds.
func awaitReceived(client *lab.Host, before, many uint64) uint64 {
	for got, quiet := uint64(0), 0; ; time.Sleep(10 * time.Millisecond) {
		now := client.Received("eth0") - before
		if quiet++; now > got {
			got, quiet = now, 0
		}
		if got >= many || quiet > 300 {
			return got
		}
	}
}

// TestAnswersLose: a share of the packets of each direction gets lost, others
// each time: what is asked often enough is answered.
func TestAnswersLose(t *testing.T) {
	const loss, kinds, rounds = 0.3, 64, 2000
	client, router := answering(t, lab.Answers{Alive: 1, OpenShare: 1, Loss: loss})
	list := syns(t, client, router, kinds)
	before := client.Received("eth0")
	const n = kinds * rounds
	client.Flood("eth0", list, rounds)
	back := float64(awaitReceived(client, before, n))
	p := (1 - loss) * (1 - loss)
	if spread := 5 * math.Sqrt(n*p*(1-p)); math.Abs(back-n*p) > spread {
		t.Errorf("%.0f of %d were answered, want %.0f ± %.0f", back, n, n*p, spread)
	}

	seen := make(map[string]bool)
	wire := client.Capture("eth0")
	client.Flood("eth0", list, 20)
	for _, p := range wire.Packets().In() {
		src, _ := p.Addrs()
		seen[src.String()] = true
	}
	if len(seen) != kinds {
		t.Errorf("%d of %d addresses answered one of 20 SYNs", len(seen), kinds)
	}
}

// TestAnswersLate: with a delay all answers come, none of them early, and few of
// them much too late even at a high rate.
func TestAnswersLate(t *testing.T) {
	const delay = 50 * time.Millisecond
	how := lab.Answers{Range: answered, Alive: 0.5, OpenShare: 0.5, Delay: delay}
	client, router := answering(t, how)
	var questions []asked
	addr := answered.Addr()
	for i := range 500 {
		addr = addr.Next()
		questions = append(questions,
			asked{addr, &layers.TCP{SYN: true, SrcPort: 40000, DstPort: 443, Seq: uint32(i)}},
			asked{addr, &layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(8, 0), Id: uint16(i)}})
	}
	wire := client.Capture("eth0")
	for i, p := range ask(t, client, router, 10*delay, questions) {
		checkAnswer(t, &how, questions[i], p)
	}
	asked := make(map[string]time.Time)
	for _, p := range wire.Packets().Probes() {
		src, dst := p.Addrs()
		_, _, icmp := p.ICMP()
		switch from, to := fmt.Sprint(src, icmp), fmt.Sprint(dst, icmp); {
		case p.Out:
			asked[to] = p.At
		// A busy machine makes it later, never earlier.
		case p.At.Sub(asked[from]) < delay || p.At.Sub(asked[from]) > delay+patience:
			t.Errorf("%v after %v, want %v", p, p.At.Sub(asked[from]), delay)
		}
	}
}

// TestAnswersLateFast: the delay carries as much as a fast scan sends.
func TestAnswersLateFast(t *testing.T) {
	client, router := answering(t, lab.Answers{Alive: 1, OpenShare: 0.02, Delay: 50 * time.Millisecond})
	list := syns(t, client, router, 4096)
	before, spent, start := client.Received("eth0"), spentTime(t), time.Now()
	const rounds, sent = 25, 25 * 4096
	client.Flood("eth0", list, rounds)
	back := awaitReceived(client, before, sent)
	took, spent := time.Since(start), spentTime(t)-spent // for what was sent, turned round, kept, and received
	t.Logf("%d answers to %d SYNs in %v, %v of processors: %v each", back, sent, took, spent, spent/time.Duration(sent))
	if back < sent {
		t.Errorf("%d of %d SYNs were answered", back, sent)
	}
}
