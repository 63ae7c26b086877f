package screen

// help is the page of keys and marks.
func (v *View) help() []Line {
	list := []Line{{{"KEYS", Strong}}}
	for _, k := range [][2]string{
		{"j k, Up Down", "another hop"},
		{"Enter", "the hop: who answers, how long it takes; back with Esc"},
		{"Tab, Shift-Tab", "the next target, the one before"},
		{"t", "all targets"},
		{"e", "ways, and what happened"},
		{"p, space", "what is shown stands still; asking goes on"},
		{"r", "counts begin anew"},
		{"w", "write what is known to a file"},
		{"Ctrl-L", "draw anew"},
		{"q, Ctrl-C", "quit"},
	} {
		list = append(list, v.keyed(k[0], k[1]))
	}
	if v.State.Playing {
		list = append(list, v.keyed("+ -", "faster, slower"), v.keyed("Left Right", "ten seconds back, on"), v.keyed("< >", "to the beginning, to the end"))
	}
	list = append(list, nil, Line{{"MARKS", Strong}})
	for _, k := range [][2]string{
		{"12.0 %~", "replies are missing, not packets: hops beyond answer more"},
		{"12.0 %?", "nobody beyond answers, so it may be either"},
		{v.sign(bars, asciiBars), "round trips: the shortest shown, to the longest or twice that"},
		{v.sign("×", "x") + " ! ?", "no answer; it could not be asked; an answer without a time"},
		{"*    +1", "nobody answered; so many others answered, too"},
	} {
		list = append(list, v.keyed(k[0], k[1]))
	}
	return list
}

func (v *View) keyed(key, what string) Line {
	return Line{{"  " + left(key, 16, v.ASCII), Strong}, {what, Plain}}
}
