package service

import "sonde/scan/report"

// Record is what the port said as a record, without the port itself.
func (a *Answer) Record() *report.Service {
	r := &report.Service{Service: a.Service, Product: a.Product, Version: a.Version, Info: a.Info, OS: a.OS, Hostname: a.Host,
		CPE: a.CPE, Banner: string(a.Banner), How: a.How, HTTP: a.HTTP, TLS: a.TLS}
	if a.Service == "" {
		r.Banner = string(a.Raw)
	}
	if a.Cut != Whole {
		r.Cut = a.Cut.String()
	}
	return r
}
