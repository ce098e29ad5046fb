package console_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"amrutam/internal/apptest"
	"amrutam/internal/apptest/browser"
)

// openGroups returns the names of the open groups of the menu, and where the focus is.
func openGroups(p *browser.Page) string {
	out := p.Script(`
		await new Promise(done => setTimeout(done, 50)); // events of toggling come later
		return {open: [...document.querySelectorAll('.menu details[open] > summary')].map(s => s.innerText).join(', '),
			focus: document.activeElement.innerText};`)
	return fmt.Sprintf("%v; focus on %v", out["open"], out["focus"])
}

// TestAdminMenuByKeyboard tests that every page of administrators is reached by the keyboard alone, on a narrow screen
// too, and that at most one group of the menu is open.
func TestAdminMenuByKeyboard(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	admin := c.Admin()
	p := browser.Open(t, c)
	p.SignIn(c, admin)
	onPhone(p, 320)
	open(p, "/admin/doctors")
	await(t, p, "Visits and money")
	p.Script(`document.querySelector('.menu summary').focus(); return {};`)
	press := func(keys string) string {
		p.Run(chromedp.KeyEvent(keys))
		return openGroups(p)
	}
	for _, step := range []struct{ keys, want string }{
		{kb.Enter, "Doctors and reviews; focus on Doctors and reviews"},
		{kb.Escape, "; focus on Doctors and reviews"},
		{kb.Tab, "; focus on People"},
		{kb.Enter, "People; focus on People"},
		{kb.Tab + kb.Tab, "People; focus on Staff"},
		{kb.Escape, "; focus on People"},
		{kb.Enter + kb.Tab + kb.Tab + kb.Tab + kb.Tab, "; focus on Visits and money"},
		{kb.Tab, "; focus on System"},
		{kb.Enter, "System; focus on System"},
	} {
		if got := press(step.keys); got != step.want {
			t.Fatalf("after %q: %s, want %s", step.keys, got, step.want)
		}
	}
	fits := p.Script(`return {over: document.documentElement.scrollWidth - document.documentElement.clientWidth};`)
	if fits["over"] != 0.0 {
		t.Errorf("the open menu is %v pixels wider than the screen", fits["over"])
	}
	if found := violations(p); found != "" {
		t.Errorf("the open menu: %s", found)
	}
	p.Run(chromedp.KeyEvent(kb.Tab + kb.Tab + kb.Tab + kb.Enter))
	text := await(t, p, "Background jobs")
	if !strings.Contains(text, "Nothing needs you.") {
		t.Errorf("the state of a new clinic: %s", text)
	}
	if got := openGroups(p); !strings.HasPrefix(got, ";") {
		t.Errorf("the menu stays open: %s", got)
	}
}
