// Package cookie gives a browser that chromedp drives the cookies of the web console.
package cookie

import (
	"context"
	"strings"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// Set sets a cookie of the server at a URL, like http://localhost:8080, in the tab of a context. One whose name begins
// with __Host- is set as browsers demand: only for HTTPS or localhost, and for no script.
func Set(tab context.Context, url, name, value string) error {
	isHostOnly := strings.HasPrefix(name, "__Host-")
	_, err := chromedp.Call(tab, network.SetCookie, network.SetCookieParams{Name: name, Value: value,
		URL: url + "/", Path: "/", Secure: &isHostOnly, HTTPOnly: &isHostOnly})
	return err
}
