package main

import (
	"errors"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"sonde/scan/lab/labtest"
)

func TestMain(m *testing.M) { os.Exit(labtest.Main(m)) }

// TestBuild: the network is what the picture and the commands promise.
func TestBuild(t *testing.T) {
	client := build(labtest.New(t))
	silent := errors.New("silence")
	for _, tt := range []struct {
		addr string
		want error
	}{
		{"10.77.2.10:22", nil},
		{"10.77.2.10:80", nil},
		{"10.77.2.10:445", silent},
		{"10.77.2.10:9000", syscall.EHOSTUNREACH},
		{"[fd77:2::10]:22", nil},
		{"[fd77:2::10]:81", syscall.ECONNREFUSED},
		{"[fd77:2::10]:445", silent},
		{"10.77.2.12:445", nil},
		{"10.77.2.12:22", silent},
		{"10.77.2.14:23", silent},
		{"[fd77:2::14]:23", nil},
		{"10.77.2.22:80", nil},
		{"10.77.1.20:631", nil},
		{"10.77.1.21:81", syscall.ECONNREFUSED},
	} {
		err := client.Do(func() error {
			c, err := net.DialTimeout("tcp", tt.addr, time.Second)
			if err == nil {
				c.Close()
			}
			return err
		})
		var e net.Error
		if errors.As(err, &e) && e.Timeout() {
			err = silent
		}
		if !errors.Is(err, tt.want) {
			t.Errorf("dial %s: %v, want %v", tt.addr, err, tt.want)
		}
	}
}
