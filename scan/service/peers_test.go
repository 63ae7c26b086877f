package service

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sonde/output/outputtest"
	"sonde/scan/lab"
	"sonde/scan/lab/labtest"
	"sonde/scan/report"

	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) { os.Exit(labtest.Main(m)) }

// peer is a real server. DIR in files, folders and args stands for a directory of
// its own; folders end in "=user" where another user owns them.
type peer struct {
	debian  string // package
	command string
	files   map[string]string
	folders string
	ports   map[uint16]string // what to find: service|product|version|info; (V) is the package's version
}

var peers = []peer{
	{
		debian: "openssh-server", command: "/usr/sbin/sshd -D -e -f DIR/conf",
		files: map[string]string{"conf": "HostKey DIR/key\nPidFile none\nUsePAM no\n"},
		ports: map[uint16]string{22: `^ssh\|OpenSSH\|(V)\|Debian-\S+(; HASSH [0-9a-f]{32})?$`},
	},
	{
		debian: "nginx-light", command: "/usr/sbin/nginx -p DIR -c DIR/conf -e stderr",
		files: map[string]string{"conf": "daemon off; user root; pid DIR/pid; events {}\n" +
			"http { access_log off; client_body_temp_path DIR/b; proxy_temp_path DIR/p; fastcgi_temp_path DIR/f;\n" +
			"uwsgi_temp_path DIR/u; scgi_temp_path DIR/s; root DIR; types { text/html html; }\n" +
			"ssl_certificate DIR/cert; ssl_certificate_key DIR/key; ssl_protocols TLSv1.2 TLSv1.3;\n" +
			"server { listen 80; listen [::]:80; return 301 https://$host$request_uri; }\n" +
			"server { listen 8080; listen [::]:8080; }\n" +
			"server { listen 443 ssl; listen [::]:443 ssl; }\n" +
			"server { listen 8443 ssl http2; listen [::]:8443 ssl http2; } }\n",
			"index.html": "<title>A real page</title>"},
		ports: map[uint16]string{
			80: `^http\|nginx\|(V)\|$`, 8080: `^http\|nginx\|(V)\|$`,
			443: `^https\|nginx\|(V)\|$`, 8443: `^https\|nginx\|(V)\|$`,
		},
	},
	{
		debian: "vsftpd", command: "/usr/sbin/vsftpd DIR/conf",
		files: map[string]string{"conf": "listen=NO\nlisten_ipv6=YES\nbackground=NO\nsecure_chroot_dir=DIR/empty\n" +
			"xferlog_enable=NO\npam_service_name=none\nlocal_enable=YES\n"},
		folders: "empty",
		ports:   map[uint16]string{21: `^ftp\|vsftpd\|(V)\|$`},
	},
	{
		debian: "postfix", command: "/usr/lib/postfix/sbin/master -c DIR -s",
		files: map[string]string{
			"main.cf": "compatibility_level = 3.6\nqueue_directory = DIR/spool\ndata_directory = DIR/data\n" +
				"maillog_file = \nmyhostname = mx.example\ninet_interfaces = all\ninet_protocols = all\n" +
				"alias_maps =\nalias_database =\nlocal_recipient_maps =\nsmtpd_banner = $myhostname ESMTP $mail_name ($mail_version)\n",
			"master.cf": "smtp inet n - n - - smtpd\nanvil unix - - n - 1 anvil\nrewrite unix - - n - - trivial-rewrite\n" +
				"proxymap unix - - n - - proxymap\npostlog unix-dgram n - n - 1 postlogd\nlocal unix - n n - - local\n",
		},
		folders: "spool spool/pid spool/private=postfix spool/public=postfix data=postfix",
		ports:   map[uint16]string{25: `^smtp\|Postfix smtpd\|(V)\|$`},
	},
	{
		// Neither greeting states a version.
		debian: "dovecot-imapd", command: "/usr/sbin/dovecot -F -c DIR/conf",
		files: map[string]string{"conf": "base_dir = DIR/run\nstate_dir = DIR/run\nlog_path = /dev/stderr\nprotocols = imap pop3\n" +
			"ssl = yes\nssl_cert = <DIR/cert\nssl_key = <DIR/key\npassdb {\n driver = static\n}\nuserdb {\n driver = prefetch\n}\n"},
		folders: "run",
		ports: map[uint16]string{
			110: `^pop3\|Dovecot pop3d\|\|$`, 143: `^imap\|Dovecot imapd\|\|$`,
			995: `^pop3s\|Dovecot pop3d\|\|$`, 993: `^imaps\|Dovecot imapd\|\|$`,
		},
	},
	{debian: "dovecot-pop3d"}, // the same program
}

// skipPeers skips a test for want of something on this machine. Where PEERS=1
// promises that everything is there, that is a failure.
func skipPeers(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("PEERS") == "1" {
		t.Fatalf("PEERS=1, but "+format, args...)
	}
	t.Skipf(format, args...)
}

// TestPeers asks real servers, all at once and over both families, and with
// PEERS=1 lets nmap do the same for comparison:
//
//	openssh-server nginx-light vsftpd postfix dovecot-imapd dovecot-pop3d nmap
//
// They run on a host of their own, one router hop of nothing away.
func TestPeers(t *testing.T) {
	network := labtest.New(t)
	if os.Geteuid() != 0 || !isRealRoot() {
		skipPeers(t, "these servers change users, of whom a user namespace of ours has none")
	}
	client, host := network.Host("client"), network.Host("server")
	network.Link(client, host, "10.77.2.1/24", "10.77.2.10/24", "fd77::1/64", "fd77::10/64")
	if err := unix.Mount("tmpfs", "/run", "tmpfs", 0, "mode=755"); err != nil {
		t.Fatal(err) // ours alone: the lab has its own mounts
	}
	if err := os.Mkdir("/run/sshd", 0o755); err != nil {
		t.Fatal(err)
	}
	want := map[uint16]*regexp.Regexp{}
	for _, p := range peers {
		version := installed(t, p.debian)
		for port, pattern := range p.ports {
			want[port] = regexp.MustCompile(strings.ReplaceAll(pattern, "(V)", regexp.QuoteMeta(version)))
		}
		if p.command != "" {
			p.start(t, host)
		}
	}
	dialer := in{client}
	for port := range want { // ready?
		await(t, dialer, netip.AddrPortFrom(netip.MustParseAddr("10.77.2.10"), port))
	}

	for _, target := range []string{"10.77.2.10", "fd77::10"} {
		answers := map[uint16]*Answer{}
		var mu sync.Mutex
		var work sync.WaitGroup
		start := time.Now()
		for port := range want {
			work.Go(func() {
				a, err := Ask(t.Context(), dialer, netip.AddrPortFrom(netip.MustParseAddr(target), port), Options{RTT: 200 * time.Microsecond})
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Errorf("%s %d: %v", target, port, err)
				}
				answers[port] = a
			})
		}
		work.Wait()
		took := time.Since(start)
		for _, port := range slices.Sorted(maps.Keys(want)) {
			a, re := answers[port], want[port]
			if a == nil {
				continue
			}
			said := fmt.Sprintf("%s|%s|%s|%s", a.Service, a.Product, a.Version, a.Info)
			t.Logf("%s %d: %s, by %s in %v with %d connections", target, port, said, a.How, a.Elapsed.Round(time.Microsecond), a.Conns)
			if !re.MatchString(said) {
				t.Errorf("%s %d: %s, want %v", target, port, said, re)
			}
			if a.HTTP != nil && (a.HTTP.Title != "A real page" || a.HTTP.Status != 200) {
				t.Errorf("%s %d: %+v", target, port, a.HTTP)
			}
			if secure := strings.HasSuffix(a.Service, "s"); secure && (a.TLS == nil || a.TLS.Version != tls.VersionTLS13 || a.TLS.Names[0] != "www.example") {
				t.Errorf("%s %d: %+v", target, port, a.TLS)
			}
		}
		t.Logf("%s: %d ports in %v", target, len(want), took)
		if took > time.Second && alone() {
			t.Errorf("%s: %v, want a second at most", target, took)
		}
	}
	whole(t, client, want)
	if alone() { // it takes a while
		compare(t, client, want)
	}
}

// alone tells whether these tests are asked for by themselves, as make test-peers does:
// beside others they take longer than they must.
func alone() bool { return os.Getenv("PEERS") == "1" }

// whole runs sonde fp itself over the same ports: scan, conversations and route.
func whole(t *testing.T, client *lab.Host, want map[uint16]*regexp.Regexp) {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "sonde")
	if out, err := exec.Command("go", "build", "-o", binary, "sonde/cmd/sonde").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var ports []string
	for _, port := range slices.Sorted(maps.Keys(want)) {
		ports = append(ports, fmt.Sprint(port))
	}
	for _, target := range []string{"10.77.2.10", "fd77::10"} {
		start := time.Now()
		out, err := client.Command(binary, "fp", "-T4", "-o", "json", "-p", strings.Join(ports, ","), target).Output()
		took := time.Since(start)
		if err != nil {
			t.Errorf("sonde fp %s: %v\n%s", target, err, out)
		}
		right := 0
		for line := range strings.Lines(string(out)) {
			record, err := outputtest.Read([]byte(line))
			if err != nil {
				t.Fatal(err)
			}
			r, ok := record.(*report.Service)
			if !ok {
				continue
			}
			if said := fmt.Sprintf("%s|%s|%s|%s", r.Service, r.Product, r.Version, r.Info); want[r.Port] == nil || !want[r.Port].MatchString(said) {
				t.Errorf("sonde fp %s %d: %s", target, r.Port, said)
			} else {
				right++
			}
		}
		t.Logf("sonde fp %s: %d of %d services right in %v, the process included", target, right, len(want), took.Round(time.Millisecond))
		if right != len(want) || took > time.Second && alone() {
			t.Errorf("sonde fp %s: %d of %d in %v, want all within a second", target, right, len(want), took)
		}
	}
}

// compare prints what nmap finds.
func compare(t *testing.T, client *lab.Host, want map[uint16]*regexp.Regexp) {
	installed(t, "nmap")
	var ports []string
	for port := range want {
		ports = append(ports, fmt.Sprint(port))
	}
	start := time.Now()
	out, err := client.Command("nmap", "-sV", "-Pn", "-n", "-p", strings.Join(ports, ","), "10.77.2.10").CombinedOutput()
	t.Logf("nmap -sV: %v, %v\n%s", time.Since(start), err, out)
}

// isRealRoot tells whether the user namespace has other users.
func isRealRoot() bool {
	b, err := os.ReadFile("/proc/self/uid_map")
	return err == nil && len(bytes.Fields(b)) == 3 && string(bytes.Fields(b)[2]) == "4294967295"
}

// installed returns the upstream version of a Debian package.
func installed(t *testing.T, debian string) string {
	t.Helper()
	out, err := exec.Command("dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}", debian).Output()
	status, version, _ := strings.Cut(string(out), " ")
	if err != nil || status != "installed" {
		skipPeers(t, "the Debian package %s is not installed: %v", debian, err)
	}
	if _, after, ok := strings.Cut(version, ":"); ok {
		version = after
	}
	version, _, _ = strings.Cut(version, "-")
	version, _, _ = strings.Cut(version, "+")
	return version
}

// start runs a server on a host until the test ends.
func (p *peer) start(t *testing.T, host *lab.Host) {
	dir, err := os.MkdirTemp("/run", "peer")
	if err != nil {
		t.Fatal(err)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.Chmod(dir, 0o755))
	for name, text := range p.files {
		must(os.WriteFile(filepath.Join(dir, name), []byte(strings.ReplaceAll(text, "DIR", dir)), 0o644))
	}
	cert := certificate(t)
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	must(err)
	if p.debian == "openssh-server" {
		out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(dir, "key")).CombinedOutput()
		if err != nil {
			t.Fatalf("ssh-keygen: %v %s", err, out)
		}
	} else {
		must(os.WriteFile(filepath.Join(dir, "key"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), 0o600))
		must(os.WriteFile(filepath.Join(dir, "cert"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]}), 0o644))
	}
	for folder := range strings.FieldsSeq(p.folders) {
		name, user, _ := strings.Cut(folder, "=")
		must(os.Mkdir(filepath.Join(dir, name), 0o755))
		if user != "" {
			must(exec.Command("chown", user, filepath.Join(dir, name)).Run())
		}
	}
	words := strings.Fields(strings.ReplaceAll(p.command, "DIR", dir))
	if _, err := os.Stat(words[0]); err != nil {
		skipPeers(t, "%v (Debian package %s)", err, p.debian)
	}
	cmd := host.Command(words[0], words[1:]...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.WaitDelay = time.Second
	must(cmd.Start())
	t.Cleanup(func() {
		cmd.Process.Signal(unix.SIGTERM)
		ended := time.AfterFunc(3*time.Second, func() { cmd.Process.Kill() })
		cmd.Wait()
		ended.Stop()
		if t.Failed() {
			t.Logf("%s said:\n%.2000s", words[0], out.String())
		}
	})
}

// in is a Dialer on a host of the lab.
type in struct{ host *lab.Host }

func (d in) DialContext(ctx context.Context, network, address string) (c net.Conn, err error) {
	err = d.host.Do(func() (err error) {
		c, err = From(netip.AddrPort{}, nil).DialContext(ctx, network, address)
		return err
	})
	return c, err
}

// await waits until a server listens.
func await(t *testing.T, d Dialer, to netip.AddrPort) {
	t.Helper()
	var err error
	for range 100 {
		var c net.Conn
		if c, err = d.DialContext(t.Context(), "tcp", to.String()); err == nil {
			c.Close()
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Errorf("%v: %v", to, err)
}
