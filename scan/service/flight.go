package service

// flight reads what a server of TLS 1.2 or before says in clear: its ServerHello and
// what follows, up to ServerHelloDone (RFC 5246 section 7.3).
type flight struct {
	version, cipher uint16 // 0: it said no ServerHello
	cert            []byte // the server's own; nil: none came
	asksClient      bool
	done            bool // nothing more that is of interest will come
	refused         bool // it sent an alert

	records  []byte // not read yet
	messages []byte // of handshake records, not read yet
}

// maxRecord and maxMessage bound what a record and a message may have (RFC 5246
// section 6.2.3; of messages, what is read from a connection at most).
const maxRecord, maxMessage = 1<<14 + 2048, maxRead

// add takes what came next; done tells whether that was enough.
func (f *flight) add(b []byte) {
	f.records = append(f.records, b...)
	for !f.done && len(f.records) >= 5 {
		length := int(be.Uint16(f.records[3:]))
		if f.records[1] != 3 || length > maxRecord {
			f.done = true
			return
		}
		if len(f.records) < 5+length {
			return
		}
		kind, body := f.records[0], f.records[5:5+length]
		f.records = f.records[5+length:]
		switch kind {
		case recordHandshake:
			f.messages = append(f.messages, body...)
			f.read()
		case recordAlert: // level 1 is a warning (RFC 5246 section 7.2), as of a name that is not known
			if len(body) < 2 || body[0] != 1 {
				f.done, f.refused = true, true
			}
		default:
			f.done = true
		}
	}
}

// read takes the messages that are whole.
func (f *flight) read() {
	for !f.done && len(f.messages) >= 4 {
		length := int(be.Uint32(f.messages) & 0xffffff)
		if length > maxMessage {
			f.done = true
			return
		}
		if len(f.messages) < 4+length {
			return
		}
		kind, body := f.messages[0], f.messages[4:4+length]
		f.messages = f.messages[4+length:]
		switch kind {
		case messageServerHello:
			f.serverHello(body)
		case messageCertificate:
			f.certificate(body)
		case messageCertificateRequest:
			f.asksClient = true
		case messageServerHelloDone:
			f.done = true
		}
		f.done = f.done || f.version == 0 // the first message is a ServerHello, or it is no server
	}
}

// serverHello reads the version and the cipher suite (RFC 5246 section 7.4.1.3).
func (f *flight) serverHello(b []byte) {
	if len(b) < 35 || len(b) < 37+int(b[34]) || b[0] != 3 {
		return
	}
	f.version = be.Uint16(b)
	f.cipher = be.Uint16(b[35+int(b[34]):])
}

// certificate takes the first of the chain (RFC 5246 section 7.4.2).
func (f *flight) certificate(b []byte) {
	if len(b) < 6 {
		return
	}
	length := int(be.Uint32(b[2:]) & 0xffffff)
	if length > 0 && length <= len(b)-6 {
		f.cert = b[6 : 6+length]
	}
}
