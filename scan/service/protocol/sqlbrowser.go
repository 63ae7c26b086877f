package protocol

import (
	"fmt"
	"strings"
)

// The browser of Microsoft's SQL Server lists instances, the version of each among the rest.
var _ = registerDatagram(Datagram{
	Name:    "ms-sql-m",
	Payload: "mssql-browser",
	Source:  "MC-SQLR section 2.2.5",
	Read: func(b []byte) (f Facts) {
		if len(b) < 3 {
			return f
		}
		words := strings.Split(string(b[3:min(len(b), maxText)]), ";")
		for i := 0; i+1 < len(words); i += 2 {
			switch value := Clip(words[i+1]); words[i] {
			case "ServerName":
				f.Host = value
			case "InstanceName":
				f.Info = join(f.Info, "instance "+value)
			case "Version":
				if f.Version == "" && value != "" && isDigit(value[0]) {
					f.Product, f.Version = "Microsoft SQL Server", value
				}
			case "tcp":
				f.Info = fmt.Sprintf("%s at port %s", f.Info, value)
			}
			if words[i] == "" { // between two instances stands one semicolon more
				i--
			}
		}
		f.Info = f.Info[:min(len(f.Info), 2*maxField)]
		return f
	},
})
