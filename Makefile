# make demo     build sonde and show it at work on a network of its own
# make test     all tests that need nothing but Go, git and make
# make stress   the same, RUNS times, while every processor is kept busy beside them
# make lint     gofmt, vet and staticcheck find nothing
# make          build bin/sonde
# make bench    what packets cost, of time and of memory; three minutes at most
#
# make faults       what goes and comes back during runs, and ends them: all of it, RUNS times
# make paces        how long jobs take with default flags, in virtual time, with SEEDS seeds each
# make trials       each trial beside a real firewall, RUNS times
# make test-peers   comparisons with other programs; names what it needs
# make bench-services  what sonde and nmap say of real servers; tells which are not installed
# make bench-peers  speed beside other scanners; names what it needs
# make race         the tests again, under the race detector; needs gcc
# make fuzz         each fuzz target for FUZZTIME
# make vuln         known vulnerabilities of what is built in; asks vuln.go.dev
# make dist         tarballs, packages, checksums and an SBOM in bin/dist
# make dist-test    dist twice, byte for byte, and on a bare Debian; as root, needs debootstrap
# make changelog    CHANGELOG.md from the files in .changelog
# make clean

export CGO_ENABLED = 0

# From the first tag on, the version is what git makes of it: 0.1.0 where the tag is,
# 0.1.0-3-g1a2b3c4 three commits later. Before, it is what the source says.
VERSION := $(shell git describe --tags --dirty --match 'v[0-9]*' 2>/dev/null)
LDFLAGS := $(if $(VERSION),-X main.version=$(VERSION:v%=%))
# Begin at a function of our own, which notes whether stdout is open (cmd/sonde/streams.go).
LDFLAGS += $(if $(filter amd64,$(or $(GOARCH),$(shell go env GOARCH))),-E main.entry)

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOTESTSUM   := gotest.tools/gotestsum@v1.13.0
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.9.0
NFPM        := github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.45.1
SBOM        := github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0
FUZZTIME    ?= 20s
RUNS        ?= 10
SEEDS       ?= 20

# The Debian packages that the comparisons ask for.
PEERS := iproute2 gcc liblwip-dev slirp4netns nftables python3 iputils-ping fping hping3 netsniff-ng tcpdump tshark dnsmasq-base unbound atftpd chrony snmpd caddy strongswan-charon coturn avahi-daemon \
	xinetd krb5-kdc rpcbind samba xdm frr openipmi openvpn xl2tpd freeradius miniupnpd osmo-ggsn osmo-mgw wsdd2 openssl \
	kamailio libcoap3-bin transmission-daemon memcached mumble-server \
	openssh-server nginx-light vsftpd postfix dovecot-imapd dovecot-pop3d nmap \
	redis-server mosquitto beanstalkd nats-server ngircd slapd subversion gearman-job-server pgbouncer tarantool docker-registry git \
	nagios-nrpe-server openvswitch-switch etcd-server prometheus-node-exporter stunnel4 rsync \
	ndiff libxml2-utils xsltproc python3-libnmap jq prometheus mandoc man-db groff chromium

# Those whose speed sonde's is held against.
BENCH_PEERS := nmap masscan zmap fping hping3 netcat-openbsd traceroute mtr-tiny scamper

# The shell command that fails if one of these packages is not installed.
installed = missing=; for p in $(1); do \
		dpkg-query -W -f '$${db:Status-Status}' $$p 2>/dev/null | grep -qx installed || missing="$$missing $$p"; \
	done; \
	test -z "$$missing" || { echo "missing:$$missing" >&2; echo "try: apt-get install --no-install-recommends$$missing" >&2; exit 1; }

.PHONY: build demo test stress faults trials paces race lint bench test-peers peers bench-peers bench-services fuzz vuln changelog dist dist-test clean

# Where git tells of which commit the source is, the program says it (sonde version).
BUILD := go build -trimpath -buildvcs=$(shell git rev-parse -q --verify HEAD >/dev/null 2>&1 && echo auto || echo false)

BIN   := bin/sonde
SMALL := # for make dist: not empty leaves out symbols, and inlines nothing in COLD

# What no packet waits for.
COLD := sonde/cmd/... sonde/output sonde/fingerprint sonde/probe/payload \
	$(addprefix sonde/scan/,job doctor trial stat service target trace ports sweep checkpoint files sandbox report network compare repeat) \
	$(addprefix github.com/,vishvananda/... google/nftables/... mdlayher/... spf13/... pelletier/... landlock-lsm/...) \
	golang.org/x/text/... golang.org/x/net/html/... gonum.org/... kernel.org/... go4.org/... crypto/... vendor/... encoding/... net/... \
	text/... regexp/... mime/... html/... compress/... fmt math/big reflect os context log/... time strings bufio path/... io/... sort embed

build:
	$(BUILD) $(if $(SMALL),$(foreach p,$(COLD),-gcflags=$(p)=-l)) -ldflags '$(LDFLAGS) $(if $(SMALL),-s -w)' -o $(BIN) ./cmd/sonde

demo: build
	go run ./scan/lab/demo bin/sonde

# $(call tests,FLAGS,PACKAGES). With AGAIN=1, as .ci/run has it, a test that fails beside all
# the others is run once more when these are done, and both are told; never where a data race
# was seen, nor where more than twenty fail.
tests = $(if $(AGAIN),go run $(GOTESTSUM) --format pkgname --rerun-fails=1 --rerun-fails-max-failures=20 \
	--rerun-fails-abort-on-data-race --packages '$(strip $(2))' -- $(1),go test $(1) $(2))

# -count=1: the lab is made of the kernel, which the test cache knows nothing of.
# -parallel: tests of the network mostly wait; with many more at a time captures lose frames.
test:
	$(call tests,$(TESTFLAGS) -count=1 -timeout 20m -p 2 -parallel 7,./...)

# Run after run, it takes about an hour.
stress:
	go run ./scan/lab/stress -runs $(RUNS) $(MAKE) -s test TESTFLAGS=-json

# The tests above run a part of it. RUNS times ten minutes at most.
faults:
	FAULTS=$(RUNS) LAB=1 go test $(TESTFLAGS) -count=1 -timeout $(RUNS)0m -parallel 10 -run '^(TestFaults|TestEndings)$$' ./cmd/sonde

# Each trial of the tests above RUNS times: of what is there all are to name it, of what is
# not nineteen in twenty. RUNS=20 takes ten minutes.
trials:
	TRIALS=$(RUNS) LAB=1 go test $(TESTFLAGS) -v -count=1 -timeout $(RUNS)0m -parallel 36 -run '^TestTrials(|OfLossThatComesAndGoes|OfFlows)$$' ./cmd/sonde | grep --line-buffered -E 'right$$|^(---|ok|FAIL)'

# The simulated network does not know how busy this machine is. SEEDS=20 takes half an hour.
paces:
	SEEDS=$(SEEDS) go test -v -count=1 -timeout 90m -run '^TestPaces$$' ./scan/job | grep --line-buffered -E 'reached|missed|took|^(---|ok|FAIL)'

# What the race detector is no use for. Memory and allocations are not what they are
# without it (TestMemory, TestMemoryOfOutputs, TestMemoryOfLists, TestMemoryIsBounded, TestWatchManyForLong,
# TestRunDoesNotAllocate, TestMachineDoesNotAllocate), nor is processor time (TestPieces).
# In TestSweepLoss and TestXDPSaysTheSame the link that loses is the test itself, so slow then
# that it loses more.
# In TestFewDescriptors and TestRefused what gives up privileges is C, as it is with the race
# detector alone, which the first even ends where it gets no descriptor to read /proc by.
# TestOneFileEach builds other programs. The rest asks the same questions as other tests, for
# figures, or is the arithmetic of one goroutine, and would take ten times its minutes:
# hundreds of seeds, a million frames, or 131,070 connects.
# Without atexit_sleep_ms each sonde that a test starts would sleep for a second at
# its end.
NO_RACE := TestMemory|TestWatchManyForLong|TestMemoryOfOutputs|TestMemoryOfLists|TestMemoryIsBounded|TestRunDoesNotAllocate|TestMachineDoesNotAllocate|TestPieces|TestSweepLoss|TestCalibration|TestConfirmNeverWrong|TestLossNeverCloses|TestSweepOneWay|TestAllPortsByConnect|TestNamed|TestFalseNames|TestCoverage|TestByFlowAtRandom|TestLocate|TestLocateNothing|TestFewDescriptors|TestRefused|TestOneFileEach|TestTrials|TestAllWays|TestByPacket|TestFrames|TestByFlow|TestSweep|TestSYNs|TestFindNoBucket|TestFindBucket|TestTruthOfPorts|TestDecodeMutants|TestXDPSaysTheSame|TestTrialsOfLossThatComesAndGoes|TestTrialsOfFlows|TestPaces

race:
	CGO_ENABLED=1 GORACE=atexit_sleep_ms=0 $(call tests,-race $(TESTFLAGS) -count=1 -timeout 30m -parallel 6 -skip '^($(NO_RACE))$$',./...)

lint:
	@unformatted=$$(gofmt -l .) && test -z "$$unformatted" || { echo "not formatted: $$unformatted" >&2; exit 1; }
	go vet ./...
	go run $(STATICCHECK) ./...

# One after the other: they are not to share the processors.
bench:
	go test -run '^$$' -bench . -benchmem -benchtime 300ms -p 1 -timeout 10m $$(grep -rl --include='*_test.go' '^func Benchmark' . | xargs -n 1 dirname | sort -u)

# The tests that compare with other programs where they find them demand them
# with PEERS=1. Their names say so.
test-peers:
	@$(call installed,$(PEERS))
	cd testdata/stacks/gvisor && go mod download # which no network namespace could
	PEERS=1 $(call tests,-count=1 -timeout 15m -run 'Peers|Tshark|Nmap',$(shell grep -rl --include='*_test.go' 'Getenv("PEERS")' . | xargs -n 1 dirname | sort -u))

# For .ci/run to install.
peers:
	@echo $(PEERS)

# Real servers in a namespace, asked by sonde and nmap. It needs no more than there is.
bench-services: build
	go run ./scan/lab/services -sonde bin/sonde

# On a network of its own, but not beside other work: it takes half an
# hour, and writes BENCHMARKS.md and its plots.
bench-peers: build
	@$(call installed,$(BENCH_PEERS))
	go run ./scan/lab/bench -sonde bin/sonde -write

# Three at a time, each with one worker: so two processors are always busy. On a busy machine go
# ends a target that found nothing with "context deadline exceeded" and no more, until
# Go 1.27 (go.dev/issue/75804): that is said and is no failure.
fuzz:
	@grep -rHo --include='*_test.go' '^func Fuzz[A-Za-z0-9]*' . | sed 's/:func / /' | sort | xargs -P 3 -L 1 sh -c ' \
		code=0; out=$$(go test -run "^$$" -fuzz "^$$1\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x -parallel 1 "$$(dirname "$$0")" 2>&1 </dev/null) || code=$$?; \
		late=; if test $$code -ne 0 && test "$$(echo "$$out" | sed "/^fuzz: /d;/^FAIL/d;/^exit status/d;/^--- FAIL/d")" = "    context deadline exceeded"; then late=" (ended late)"; code=0; fi; \
		if test $$code -eq 0; then echo "$$(dirname "$$0") $$1: $$(echo "$$out" | grep -o "execs: [0-9]*" | tail -n 1)$$late"; \
		else echo "$$(dirname "$$0") $$1:"; echo "$$out"; exit 255; fi'

# govulncheck ends with 3 where it found something. Where it could not ask, that is
# said and is no failure: not every machine may reach the database.
vuln:
	@dir=$$(mktemp -d) && trap 'rm -r "$$dir"' EXIT && GOBIN=$$dir go install $(GOVULNCHECK) && \
	code=0 && $$dir/govulncheck ./... >"$$dir/out" 2>&1 || code=$$?; \
	if test $$code -ne 0 -a $$code -ne 3 && grep -q 'fetching vulnerabilities' "$$dir/out"; \
	then echo "not checked for vulnerabilities: $$(tail -n 1 "$$dir/out")"; \
	else cat "$$dir/out"; exit $$code; fi

# What is not released yet is one file for each change; what is released stays as it is.
changelog:
	@{ sed '/^## Not yet released$$/q' CHANGELOG.md; echo; \
	cat /dev/null $(sort $(wildcard .changelog/*.md)); \
	sed '1,/^## Not yet released$$/d' CHANGELOG.md | sed -n '/^## /,$$p' | sed '1s/^/\n/'; } >CHANGELOG.md.part
	@mv CHANGELOG.md.part CHANGELOG.md

# Where no tag is, the version is what the source says.
dist:
	@.dist/make.sh $(or $(VERSION:v%=%),$(shell sed -n 's/^var version = "\(.*\)"/\1/p' cmd/sonde/root.go)) $(NFPM) $(SBOM)

# As root: builds twice, and installs on a bare Debian in a folder of its own.
dist-test:
	.dist/test.sh

clean:
	rm -rf bin
