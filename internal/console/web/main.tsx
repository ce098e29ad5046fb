// The console begins here: it reads who is signed in, loads the texts, and draws the page of the address.

import { render } from "preact";
import { App } from "./app";
import { followLinks } from "./router";
import { loadUser, watchSession } from "./session";
import { loadText, t } from "./text";
import { installDialogs } from "./parts/recover";

async function start(): Promise<void> {
	const root = document.getElementById("app");
	if (!root) return;
	await Promise.all([loadText("common", t), loadUser()]);
	followLinks();
	watchSession();
	installDialogs();
	root.textContent = "";
	render(<App />, root);
}

void start();
