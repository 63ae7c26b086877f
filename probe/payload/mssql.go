package payload

import (
	"bytes"
	"encoding/binary"
)

// mssql asks the SQL Server Browser which instances there are. The question is
// one byte, and has no room for an identifier.
//
// Unverified.
var mssql = register(Payload{
	Name:      "mssql-browser",
	Ports:     []uint16{1434},
	Source:    "[MC-SQLR] §2.2.2, §2.2.5",
	Guessable: true,
	Append: func(b []byte, _ uint64) []byte {
		return append(b, 3) // 0: CLNT_UCAST_EX
	},
	Match: func(_ uint64, b []byte) bool {
		return len(b) > 3 && b[0] == 5 && // SVR_RESP
			int(binary.LittleEndian.Uint16(b[1:])) == len(b)-3 &&
			bytes.HasPrefix(b[3:], []byte("ServerName;"))
	},
})
