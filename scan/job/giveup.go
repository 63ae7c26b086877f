package job

import (
	"sonde/scan/files"
	"sonde/scan/network"
	"sonde/scan/sandbox"
)

// GiveUp gives up all privileges of a run that asks nothing and only reads files, which are
// open: before a byte of them is read, since anybody may have written them. Outputs may be
// opened later, when there is something to write. Its error is an *Error.
func (s *Spec) GiveUp() error {
	var later sandbox.Files
	for _, o := range s.Show.Outputs {
		if o.Path == "" {
			continue
		}
		folder, err := files.Folder(o.Path)
		if err != nil {
			return Local(err)
		}
		later.Rewrite = append(later.Rewrite, folder)
	}
	if _, err := network.GiveUp(later); err != nil {
		return Local(err)
	}
	return nil
}
