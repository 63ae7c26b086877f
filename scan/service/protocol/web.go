package protocol

import (
	"encoding/json"
	"strings"
)

// Page is what a web server answered, as far as it tells a program.
type Page struct {
	Status int
	Title  string
	Fields map[string]string // of the header, by their names in lower case
	Body   []byte            // the beginning
}

// App is a program that serves web pages and says by more than a title what it is: a field
// of its own, or a document in its own form. A title is never proof: anybody's page may
// have it, but it may be worth a question.
type App struct {
	// Ask returns what to fetch next to be sure, "": nothing. It is nil where Read knows by
	// the first page.
	Ask func(first Page) string
	// Read takes the page, or the one that Ask wanted.
	Read func(p Page) (f Facts, ok bool)
}

// Apps are those that are known.
var Apps = []App{
	{Read: elasticsearch},
	{Read: couchDB},
	{Read: byField("x-influxdb-version", "InfluxDB", "cpe:/a:influxdata:influxdb:")},
	{Read: haproxy},
	{Read: privoxy},
	{Read: byField("x-jenkins", "Jenkins", "cpe:/a:jenkins:jenkins:")},
	{Ask: askVersion, Read: versionDocument},
	{Ask: askRegistry, Read: registry},
	{Ask: askTitle("Prometheus", "/api/v1/status/buildinfo"), Read: prometheus},
	{Ask: askMetrics, Read: exporter},
	{Ask: askTitle("Consul", "/v1/agent/self"), Read: consul},
	{Ask: askTitle("Statistics Report for HAProxy", "/;csv"), Read: haproxyStatistics},
	{Ask: askNATS, Read: natsMonitor},
}

// byField is for a program that states its version in a field of its own.
func byField(field, product, cpe string) func(Page) (Facts, bool) {
	return func(p Page) (f Facts, ok bool) {
		version := p.Fields[field]
		if version == "" || len(version) > 64 {
			return f, false
		}
		return Facts{Product: product, Version: strings.TrimPrefix(version, "v"), CPE: []string{cpe + cpeValue(strings.TrimPrefix(version, "v"))}}, true
	}
}

// document reads a body of JSON into v.
func document(p Page, v any) bool {
	body := strings.TrimSpace(string(p.Body))
	return strings.HasPrefix(body, "{") && json.Unmarshal([]byte(body), v) == nil
}

func elasticsearch(p Page) (f Facts, ok bool) {
	var v struct {
		Name    string `json:"cluster_name"`
		Tagline string `json:"tagline"`
		Version struct {
			Number       string `json:"number"`
			Distribution string `json:"distribution"`
			Lucene       string `json:"lucene_version"`
		} `json:"version"`
	}
	if !document(p, &v) || v.Version.Number == "" || v.Version.Lucene == "" {
		return f, false
	}
	f.Version = Clip(v.Version.Number)
	switch {
	case v.Version.Distribution == "opensearch":
		f.Product, f.CPE = "OpenSearch", []string{"cpe:/a:amazon:opensearch:" + cpeValue(f.Version)}
	case v.Version.Distribution == "" && v.Tagline == "You Know, for Search":
		f.Product, f.CPE = "Elasticsearch", []string{"cpe:/a:elastic:elasticsearch:" + cpeValue(f.Version)}
	default:
		return Facts{}, false
	}
	f.Info = prefixed("cluster ", v.Name)
	return f, true
}

func couchDB(p Page) (f Facts, ok bool) {
	var v struct{ CouchDB, Version string }
	if !document(p, &v) || v.CouchDB != "Welcome" || v.Version == "" {
		return f, false
	}
	return Facts{Product: "CouchDB", Version: Clip(v.Version), CPE: []string{"cpe:/a:apache:couchdb:" + cpeValue(Clip(v.Version))}}, true
}

// askVersion is for programs that serve nothing at the root and do not say who they are:
// etcd, Docker, Kubernetes.
func askVersion(p Page) string {
	if p.Fields["server"] != "" && !strings.HasPrefix(p.Fields["server"], "Docker/") || p.Status != 404 && p.Status != 403 && p.Status != 401 {
		return ""
	}
	body := strings.TrimSpace(string(p.Body))
	if body == "404 page not found" || strings.HasPrefix(body, "{") {
		return "/version"
	}
	return ""
}

func versionDocument(p Page) (f Facts, ok bool) {
	var v struct {
		Etcd       string `json:"etcdserver"`
		Cluster    string `json:"etcdcluster"`
		GitVersion string `json:"gitVersion"`
		Major      string `json:"major"`
		API        string `json:"ApiVersion"`
		Version    string `json:"Version"`
		MinAPI     string `json:"MinAPIVersion"`
	}
	switch {
	case !document(p, &v):
		return f, false
	case v.Etcd != "" && v.Cluster != "":
		return Facts{Product: "etcd", Version: Clip(v.Etcd), CPE: []string{"cpe:/a:etcd:etcd:" + cpeValue(Clip(v.Etcd))}}, true
	case v.GitVersion != "" && v.Major != "":
		version := Clip(strings.TrimPrefix(v.GitVersion, "v"))
		return Facts{Product: "Kubernetes", Version: version, CPE: []string{"cpe:/a:kubernetes:kubernetes:" + cpeValue(version)}}, true
	case v.API != "" && v.Version != "" && v.MinAPI != "":
		return Facts{Product: "Docker", Version: Clip(v.Version), Info: "API " + Clip(v.API), CPE: []string{"cpe:/a:docker:docker:" + cpeValue(Clip(v.Version))}}, true
	}
	return f, false
}

func askRegistry(p Page) string {
	if p.Status == 200 && len(p.Body) == 0 && p.Fields["server"] == "" {
		return "/v2/"
	}
	return ""
}

func registry(p Page) (f Facts, ok bool) {
	return Facts{Product: "Docker Registry"}, p.Fields["docker-distribution-api-version"] == "registry/2.0"
}

// askTitle fetches a document where the title has a word.
func askTitle(word, target string) func(Page) string {
	return func(p Page) string {
		if strings.Contains(p.Title, word) {
			return target
		}
		return ""
	}
}

func prometheus(p Page) (f Facts, ok bool) {
	var v struct {
		Status string
		Data   struct {
			Version   string `json:"version"`
			GoVersion string `json:"goVersion"`
		}
	}
	if !document(p, &v) || v.Status != "success" || v.Data.Version == "" || v.Data.GoVersion == "" {
		return f, false
	}
	version := Clip(v.Data.Version)
	return Facts{Product: "Prometheus", Version: version, CPE: []string{"cpe:/a:prometheus:prometheus:" + cpeValue(version)}}, true
}

// askMetrics is for exporters, whose first page is a link to their metrics. It is read no
// further than its title.
func askMetrics(p Page) string {
	if p.Status == 200 && strings.HasSuffix(p.Title, "Exporter") {
		return "/metrics"
	}
	return ""
}

var buildInfo = grammar(`(?m)^(\w+_exporter|alertmanager|pushgateway)_build_info\{[^}]*\bversion="([^"]*)"`)

func exporter(p Page) (f Facts, ok bool) {
	found := buildInfo().FindSubmatch(p.Body)
	if found == nil {
		return f, false
	}
	return Facts{Product: Clip(string(found[1])), Version: Clip(string(found[2]))}, true
}

func consul(p Page) (f Facts, ok bool) {
	var v struct {
		Config struct{ Version, NodeName, Datacenter string }
	}
	if !document(p, &v) || v.Config.Version == "" || v.Config.Datacenter == "" {
		return f, false
	}
	version := Clip(v.Config.Version)
	return Facts{Product: "Consul", Version: version, Host: Clip(v.Config.NodeName), CPE: []string{"cpe:/a:hashicorp:consul:" + cpeValue(version)}}, true
}

func askNATS(p Page) string {
	if p.Status == 200 && strings.Contains(string(p.Body), "nats.io") {
		return "/varz"
	}
	return ""
}

func natsMonitor(p Page) (f Facts, ok bool) {
	var v struct {
		ID      string `json:"server_id"`
		Version string `json:"version"`
		Git     string `json:"go"`
	}
	if !document(p, &v) || v.ID == "" || v.Version == "" || v.Git == "" {
		return f, false
	}
	version := Clip(v.Version)
	return Facts{Product: "nats-server", Version: version, CPE: []string{"cpe:/a:linuxfoundation:nats-server:" + cpeValue(version)}}, true
}
