package service

import (
	"fmt"
	"net"
	"net/netip"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sonde/scan/report"
)

// TestOldPeers asks servers of openssl that crypto/tls cannot speak with, or only
// where it is told to: each at least tells its version, cipher suite and certificate.
func TestOldPeers(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		skipPeers(t, "no openssl: %v", err)
	}
	dir := t.TempDir()
	make := func(name string, args ...string) {
		args = append([]string{"req", "-x509", "-nodes", "-days", "30", "-subj", "/CN=" + name + ".example", "-addext", "subjectAltName=DNS:" + name + ".example",
			"-keyout", filepath.Join(dir, name+".key"), "-out", filepath.Join(dir, name+".crt")}, args...)
		if out, err := exec.Command(openssl, args...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
	}
	make("rsa", "-newkey", "rsa:2048")
	make("short", "-newkey", "rsa:512")
	make("negative", "-newkey", "rsa:2048", "-set_serial", "-5")
	make("koblitz", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp256k1")
	make("brainpool", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:brainpoolP256r1")
	make("named", "-newkey", "rsa:2048", "-subj", "/CN=B\xfcro", "-addext", "nsComment=DER:ff")
	if out, err := exec.Command("sh", "-c", "openssl dsaparam -out "+dir+"/dsa.pem 1024 && true").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	make("dsa", "-newkey", "dsa:"+dir+"/dsa.pem")
	for _, tt := range []struct {
		cert, args      string
		version, cipher string
		err             string // how it begins
	}{
		{"rsa", "-tls1_2 -cipher DHE-RSA-AES128-GCM-SHA256", "TLS 1.2", "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", "sonde does not speak"},
		{"rsa", "-tls1_2 -cipher DHE-RSA-CAMELLIA256-SHA", "TLS 1.2", "TLS_DHE_RSA_WITH_CAMELLIA_256_CBC_SHA", "sonde does not speak"},
		{"rsa", "-tls1_2 -cipher AES128-CCM", "TLS 1.2", "TLS_RSA_WITH_AES_128_CCM", "sonde does not speak"},
		{"rsa", "-tls1_2 -cipher ARIA128-GCM-SHA256", "TLS 1.2", "TLS_RSA_WITH_ARIA_128_GCM_SHA256", "sonde does not speak"},
		{"rsa", "-tls1 -cipher DHE-RSA-AES256-SHA:@SECLEVEL=0", "TLS 1.0", "TLS_DHE_RSA_WITH_AES_256_CBC_SHA", "sonde does not speak"},
		{"rsa", "-tls1 -cipher AES128-SHA:@SECLEVEL=0", "TLS 1.0", "TLS_RSA_WITH_AES_128_CBC_SHA", ""},
		{"rsa", "-tls1_1 -cipher ECDHE-RSA-AES128-SHA:@SECLEVEL=0", "TLS 1.1", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", ""},
		{"rsa", "-tls1_2 -cipher ECDHE-RSA-AES128-SHA:@SECLEVEL=0 -sigalgs RSA+SHA1", "TLS 1.2", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", ""},
		{"rsa", "-tls1_2 -cipher ADH-AES128-SHA:@SECLEVEL=0", "TLS 1.2", "TLS_DH_anon_WITH_AES_128_CBC_SHA", "sonde does not speak"},
		{"rsa", "-tls1_2 -cipher NULL-SHA256:@SECLEVEL=0", "TLS 1.2", "TLS_RSA_WITH_NULL_SHA256", "sonde does not speak"},
		{"short", "-tls1_2 -cipher ECDHE-RSA-AES128-SHA:@SECLEVEL=0", "TLS 1.2", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", ""},
		{"negative", "", "TLS 1.3", "", ""},
		{"koblitz", "-tls1_2", "TLS 1.2", "", ""},
		{"brainpool", "-tls1_2", "TLS 1.2", "", ""},
		{"dsa", "-tls1_2 -cipher DHE-DSS-AES128-SHA:@SECLEVEL=0", "TLS 1.2", "TLS_DHE_DSS_WITH_AES_128_CBC_SHA", "sonde does not speak"},
	} {
		for _, addr := range []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.IPv6Loopback()} {
			t.Run(tt.cert+" "+tt.args+" "+addr.String(), func(t *testing.T) {
				a := askOpenssl(t, openssl, addr, append(strings.Fields(tt.args), "-cert", filepath.Join(dir, tt.cert+".crt"), "-key", filepath.Join(dir, tt.cert+".key"))...)
				if a.TLS == nil {
					t.Fatal(short(a))
				}
				names := strings.Join(a.TLS.Names, " ")
				if strings.Contains(tt.args, "ADH") {
					names = tt.cert + ".example"
				}
				version := map[uint16]string{0x301: "TLS 1.0", 0x302: "TLS 1.1", 0x303: "TLS 1.2", 0x304: "TLS 1.3"}[a.TLS.Version]
				if version != tt.version || tt.cipher != "" && report.CipherName(a.TLS.Cipher) != tt.cipher || names != tt.cert+".example" ||
					tt.err != "" && !strings.HasPrefix(a.TLS.Error, tt.err) {
					t.Errorf("%s %s %+v", version, report.CipherName(a.TLS.Cipher), *a.TLS)
				}
				t.Logf("%s %s", short(a), a.TLS.Error)
			})
		}
	}
}

// askOpenssl starts a server of openssl and asks it.
func askOpenssl(t *testing.T, openssl string, addr netip.Addr, args ...string) *Answer {
	t.Helper()
	free, err := net.Listen("tcp", net.JoinHostPort(addr.String(), "0"))
	if err != nil {
		t.Skip(err)
	}
	to := netip.MustParseAddrPort(free.Addr().String())
	free.Close()
	cmd := exec.Command(openssl, append([]string{"s_server", "-quiet", "-www", "-accept", to.String()}, args...)...)
	var said strings.Builder
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		cmd.Process.Kill()
		cmd.Wait()
	}()
	for range 200 {
		if c, err := net.Dial("tcp", to.String()); err == nil {
			c.Close()
			a, err := Ask(t.Context(), &net.Dialer{}, to, Options{Timeout: 10 * time.Second})
			if err != nil {
				t.Fatal(err)
			}
			return a
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal(fmt.Sprint("does not start: ", said.String()))
	return nil
}
