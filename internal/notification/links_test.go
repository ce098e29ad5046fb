package notification_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"amrutam/internal/config"
	"amrutam/internal/console"
	"amrutam/internal/language"
	"amrutam/internal/notification"
)

// recipientsOf has the roles of the recipients of a kind of mail, where neither "as" says them nor every role may get
// it.
var recipientsOf = map[string][]string{
	"doctor-on-leave": {"PATIENT"}, "leave-withdrawn": {"PATIENT"}, "prescription-ready": {"PATIENT"},
	"refund-sent": {"PATIENT"}, "waitlist-offer": {"PATIENT"}, "dependant-transfer": {"PATIENT"},
	"dependant-moved": {"PATIENT"}, "doctor-approved": {"DOCTOR"}, "doctor-application-refused": {"DOCTOR"},
	"doctor-approval-withdrawn": {"DOCTOR"}, "invariant-broken": {"ADMIN"},
}

var everybody = []string{"PATIENT", "DOCTOR", "SUPPORT", "ADMIN"}

// withoutAccount are the mails to people who have no account any more, or can't use it.
var withoutAccount = []string{"account-deleted", "account-disabled"}

// TestLinksOpenPages tests that the link of each mail, and that of a digest, opens a page of the console that whoever
// gets the mail may open, that it names nothing but ids, and that a token is only in links that are for it.
func TestLinksOpenPages(t *testing.T) {
	t.Parallel()
	routes, err := console.Routes()
	must(t, err)
	for kind, each := range samples() {
		for _, data := range each {
			roles := everybody
			if only, has := recipientsOf[kind]; has {
				roles = only
			} else if data["as"] != "" {
				roles = []string{data["as"]}
			}
			var english []string
			for _, l := range language.All {
				links, all, err := notification.Links(&config.Config{PublicURL: publicURL}, l, kind, data)
				must(t, err)
				if len(links) != 1 {
					t.Errorf("%s in %s has the links %v", kind, l, links)
				}
				links = append(links, all)
				if english == nil {
					english = links
				}
				if !slices.Equal(links, english) {
					t.Errorf("%s leads to %v in %s", kind, links, l)
				}
				for _, link := range links {
					if fault := linkFault(routes, kind, link, roles, data); fault != "" {
						t.Errorf("%s in %s to %v: %s %s", kind, l, roles, link, fault)
					}
				}
			}
		}
	}
}

// linkFault says what is wrong with a link, or returns "".
func linkFault(routes []console.Route, kind, link string, roles []string, data map[string]string) string {
	path, isOurs := strings.CutPrefix(link, publicURL)
	u, err := url.Parse(path)
	if !isOurs || err != nil {
		return "isn't below AMRUTAM_PUBLIC_URL"
	}
	if u.RawQuery != "" && (data["token"] == "" || u.RawQuery != "token="+url.QueryEscape(data["token"])) {
		return "has a query"
	}
	if u.Path == "/" {
		if slices.Contains(withoutAccount, kind) {
			return ""
		}
		return "leads to no page of its own"
	}
	i := slices.IndexFunc(routes, func(r console.Route) bool { return matches(r.Path, u.Path) })
	if i < 0 {
		return "is no page"
	}
	for _, role := range roles {
		if allowed := routes[i].Roles; len(allowed) > 0 && !slices.Contains(allowed, role) {
			return "isn't for " + role
		}
	}
	return ""
}

// matches reports whether a path is that of a page, with ids where its address has names.
func matches(pattern, path string) bool {
	names, parts := strings.Split(pattern, "/"), strings.Split(path, "/")
	return slices.EqualFunc(names, parts, func(name, part string) bool {
		if !strings.HasPrefix(name, "{") {
			return name == part
		}
		_, err := uuid.Parse(part)
		return err == nil
	})
}
