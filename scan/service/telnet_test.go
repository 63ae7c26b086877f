package service

import (
	"bytes"
	"io"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

// Commands of Telnet (RFC 854).
const telnetEscape, telnetWill, telnetWont, telnetDo, telnetDont = 255, 251, 252, 253, 254

// negotiates is a Telnet server that wants options to be settled before it says
// anything: each must be refused.
func negotiates(wait time.Duration, text string, wants ...byte) handler {
	return func(c net.Conn) {
		var want []byte
		for i := 0; i < len(wants); i += 2 {
			c.Write([]byte{telnetEscape, wants[i], wants[i+1]})
			want = append(want, telnetEscape, map[byte]byte{telnetDo: telnetWont, telnetWill: telnetDont}[wants[i]], wants[i+1])
		}
		got := make([]byte, len(want))
		if _, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, want) {
			return
		}
		time.Sleep(wait)
		io.WriteString(c, text)
		io.Copy(io.Discard, c)
	}
}

func TestTelnet(t *testing.T) {
	login := "\r\nDebian GNU/Linux 12\r\n\r\nrouter login: "
	const seen = "Debian GNU/Linux 12 / router login:"
	for _, tt := range []struct {
		name   string
		port   uint16
		server handler
		banner string
	}{
		{"as telnetd", 23, negotiates(0, login, telnetDo, 24, telnetDo, 32, telnetDo, 35, telnetDo, 39), seen},
		{"as a router", 2323, negotiates(0, login, telnetWill, 1, telnetWill, 3, telnetDo, 31), seen},
		{"on any port", 6543, negotiates(0, login, telnetDo, 24), seen},
		{"late", 23, negotiates(2*time.Second, login, telnetDo, 24), seen},
		{"greets late", 23, after(4*time.Second, negotiates(0, login, telnetDo, 24)), seen},
		{"text before", 23, func(c net.Conn) {
			io.WriteString(c, "User Access Verification\r\n")
			negotiates(0, "Password: ", telnetWill, 1)(c)
		},
			"User Access Verification / Password:"},
		{"text after", 23, func(c net.Conn) { io.WriteString(c, "\xff\xfb\x01\xff\xfb\x03Username:"); io.Copy(io.Discard, c) }, "Username:"},
		{"a subnegotiation within", 23, func(c net.Conn) {
			io.WriteString(c, "\xff\xfd\x18\xff\xfa\x18\x01\xff\xffx\xff\xf0\xff\xf1lo\xff\xffgin:")
			io.Copy(io.Discard, c)
		}, "login:"},
		{"never ends", 23, func(c net.Conn) {
			for range 100 {
				if _, err := io.WriteString(c, "\xff\xfd\x18"); err != nil {
					return
				}
				time.Sleep(200 * time.Millisecond)
			}
		}, ""},
		{"hangs up", 23, func(c net.Conn) { io.WriteString(c, "\xff\xfd\x18") }, ""},
		{"says nothing more", 23, func(c net.Conn) { io.WriteString(c, "\xff\xfd\x18"); io.Copy(io.Discard, c) }, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &pipes{handle: tt.server}
				defer d.work.Wait()
				a, err := Ask(t.Context(), d, netip.AddrPortFrom(netip.IPv6Loopback(), tt.port), Options{Timeout: 1500 * time.Millisecond, Greeting: 11 * time.Second})
				if err != nil || a.Service != "telnet" || string(a.Banner) != tt.banner || a.Elapsed > 11*time.Second {
					t.Errorf("%s %q after %v, %v; want %q", short(a), a.Banner, a.Elapsed, err, tt.banner)
				}
			})
		})
	}
}
