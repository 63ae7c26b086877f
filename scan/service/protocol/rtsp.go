package protocol

var _ = register(Protocol{
	Name:      "rtsp",
	Source:    "RFC 2326 sections 6, 7 and 10.1",
	Ports:     []uint16{554, 8554},
	Secure:    []uint16{322},
	Inside:    "rtsps",
	Ask:       always("OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n"),
	Elsewhere: Silent | HungUp | Text,
	Read:      func(said Said) (Facts, Match) { return readStatus(said, "RTSP/1.0 ", "rtsp_header.") },
})
