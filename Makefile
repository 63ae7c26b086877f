# make demo     build sonde and show it at work on a network of its own
# make test     all tests that need nothing but Go, git and make
# make lint     gofmt, vet and staticcheck find nothing
# make          build bin/sonde
# make bench    what packets cost, of time and of memory; three minutes at most
#
# make test-peers   comparisons with other programs; names what it needs
# make bench-peers  speed beside other scanners; names what it needs
# make fuzz         each fuzz target for FUZZTIME
# make clean

export CGO_ENABLED = 0

# Of a tagged tree, the version is the tag; of any other, what the source says.
VERSION := $(shell git describe --tags --dirty --match 'v[0-9]*' 2>/dev/null)
LDFLAGS := $(if $(VERSION),-X main.version=$(VERSION:v%=%))

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
FUZZTIME    ?= 20s

# The Debian packages that the comparisons ask for.
PEERS := tshark dnsmasq-base unbound atftpd chrony snmpd caddy strongswan-charon coturn avahi-daemon \
	xinetd krb5-kdc rpcbind samba xdm frr openipmi openvpn xl2tpd freeradius miniupnpd osmo-ggsn osmo-mgw wsdd2 openssl \
	kamailio libcoap3-bin transmission-daemon memcached mumble-server \
	openssh-server nginx-light vsftpd postfix dovecot-imapd dovecot-pop3d nmap

# Those whose speed sonde's is held against.
BENCH_PEERS := nmap masscan zmap fping hping3 netcat-openbsd

# The shell command that fails if one of these packages is not installed.
installed = missing=; for p in $(1); do \
		dpkg-query -W -f '$${db:Status-Status}' $$p 2>/dev/null | grep -qx installed || missing="$$missing $$p"; \
	done; \
	test -z "$$missing" || { echo "missing:$$missing" >&2; echo "try: apt-get install --no-install-recommends$$missing" >&2; exit 1; }

.PHONY: build demo test lint bench test-peers peers bench-peers fuzz clean

build:
	go build -trimpath -buildvcs=false -ldflags '$(LDFLAGS)' -o bin/sonde ./cmd/sonde

demo: build
	go run ./scan/lab/demo bin/sonde

# -count=1: the lab is made of the kernel, which the test cache knows nothing of.
# -parallel: tests of the network mostly wait.
test:
	go test -count=1 -timeout 10m -parallel 6 ./...

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
	PEERS=1 go test -count=1 -timeout 10m -run 'Peers|Tshark|Nmap' $$(grep -rl --include='*_test.go' 'Getenv("PEERS")' . | xargs -n 1 dirname | sort -u)

# For .ci/run to install.
peers:
	@echo $(PEERS)

# On a network of its own, but not beside other work: it takes half an
# hour, and writes BENCHMARKS.md and its plots.
bench-peers: build
	@$(call installed,$(BENCH_PEERS))
	go run ./scan/lab/bench -sonde bin/sonde -write

fuzz:
	@grep -rHo --include='*_test.go' '^func Fuzz[A-Za-z0-9]*' . | sed 's/:func / /' | sort | while read -r file target; do \
		echo "$$(dirname $$file) $$target"; \
		go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "$$(dirname $$file)" </dev/null || exit 1; \
	done

clean:
	rm -rf bin
