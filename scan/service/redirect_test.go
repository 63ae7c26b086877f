package service

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// to is a response that points elsewhere.
func to(location string) string {
	return "HTTP/1.1 301 Moved\r\nServer: nginx/1.22.1\r\nLocation: " + location + "\r\nContent-Length: 0\r\n\r\n"
}

func TestRedirect(t *testing.T) {
	for _, tt := range []struct {
		name      string
		o         Options
		port      uint16
		responses map[string]map[string]string // by port, then by target
		dialled   string
		want      string // status, title, what was followed, what was not
	}{
		{"same port", Options{}, 80, map[string]map[string]string{"80": {"/": to("/login"), "/login": hello}},
			"80 80", "200|A & B|http://192.0.2.7/login|"},
		{"only one", Options{}, 80, map[string]map[string]string{"80": {"/": to("/a"), "": to("/b")}},
			"80 80", "301||http://192.0.2.7/a|/b"},
		{"to TLS", Options{Name: "www.example"}, 80, map[string]map[string]string{"80": {"": to("https://www.example/x")}, "443": {"/x": hello}},
			"80 443", "200|A & B|https://www.example/x|"},
		{"to TLS, not allowed", Options{Name: "www.example", Stay: true}, 80, map[string]map[string]string{"80": {"": to("https://www.example/")}},
			"80", "301|||https://www.example/"},
		{"within TLS", Options{}, 443, map[string]map[string]string{"443": {"/": to("/x?y"), "/x?y": hello}},
			"443 443", "200|A & B|https://192.0.2.7/x?y|"},
		{"another host", Options{Name: "www.example"}, 80, map[string]map[string]string{"80": {"": to("http://198.51.100.1/")}},
			"80", "301|||http://198.51.100.1/"},
		{"another name", Options{Name: "www.example"}, 443, map[string]map[string]string{"443": {"": to("https://login.example/")}},
			"443", "301|||https://login.example/"},
		{"nobody there", Options{}, 80, map[string]map[string]string{"80": {"": to("http://192.0.2.7:81/")}},
			"80 81", "301|||http://192.0.2.7:81/"},
		{"by address, with one connection", Options{Alone: true}, 8080,
			map[string]map[string]string{"8080": {"/": to("//192.0.2.7:8080/x"), "/x": hello}}, "8080 8080", "200|A & B|http://192.0.2.7:8080/x|"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			secure := &tls.Config{NextProtos: []string{"http/1.1"}}
			s := &server{handle: func(address string) handler {
				port := address[strings.LastIndexByte(address, ':')+1:]
				switch responses := tt.responses[port]; {
				case responses == nil:
					return nil
				case port == "443":
					return overTLS(t, secure.Clone(), page(responses))
				default:
					return page(responses)
				}
			}}
			a := s.ask(t, tt.port, tt.o)
			if a.HTTP == nil || a.Version != "1.22.1" {
				t.Fatalf("%+v", a)
			}
			h := a.HTTP
			if got := fmt.Sprintf("%d|%s|%s|%s", h.Status, h.Title, h.Redirect, h.Location); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			var ports []string
			for _, address := range s.dialled {
				ports = append(ports, strings.TrimPrefix(address, "192.0.2.7:"))
			}
			if got := strings.Join(ports, " "); got != tt.dialled {
				t.Errorf("connected to %s, want %s", got, tt.dialled)
			}
		})
	}
}

// From binds to an address and a port, and with Alone the port serves for one
// connection after the other.
func TestFrom(t *testing.T) {
	for _, local := range []string{"127.0.0.3", "::1"} {
		l, err := net.Listen("tcp", net.JoinHostPort(local, "0"))
		if err != nil {
			t.Fatal(err)
		}
		free, err := net.Listen("tcp", net.JoinHostPort(local, "0"))
		if err != nil {
			t.Fatal(err)
		}
		source := netip.MustParseAddrPort(free.Addr().String())
		free.Close()
		var from []string
		done := make(chan struct{})
		go func() {
			defer close(done)
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				from = append(from, c.RemoteAddr().String())
				page(map[string]string{"/": to("/x"), "": hello})(c)
				c.Close()
			}
		}()
		a, err := Ask(t.Context(), From(source, nil), netip.MustParseAddrPort(l.Addr().String()), Options{Alone: true})
		l.Close()
		<-done
		if err != nil || a.HTTP == nil || a.HTTP.Title != "A & B" || !slices.Equal(from, []string{source.String(), source.String()}) {
			t.Errorf("%v: %+v from %v, %v", source, a, from, err)
		}
	}
	if _, err := From(netip.AddrPort{}, nil).DialContext(context.Background(), "tcp", "127.0.0.1:1"); err == nil {
		t.Error("somebody listens on port 1")
	}
}
