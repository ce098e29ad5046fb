// The two dialogs that let a call go on: a sign-in after the session has ended, and a proof of identity.

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { loadFiles, recover } from "../api/call";
import { currentUser } from "../session";
import { t } from "../text";
import { Dialog } from "./dialog";

let draw: (dialog: ComponentChildren) => void = () => undefined;

/** The place of the dialogs, in the tree of the page: a tree of its own would give its fields the ids of others. */
export function Dialogs() {
	const [dialog, setDialog] = useState<ComponentChildren>(null);
	draw = setDialog;
	return <>{dialog}</>;
}

/** Shows a dialog until its content or the user ends it. Calls that need the same dialog share it. */
function ask(
	title: string,
	hint: string,
	content: (done: () => void) => Promise<ComponentChildren>,
): () => Promise<boolean> {
	let open: Promise<boolean> | null = null;
	const show = async (): Promise<boolean> => {
		try {
			let end: (isDone: boolean) => void = () => undefined;
			const ended = new Promise<boolean>((resolve) => (end = resolve));
			const children = await loadFiles(() => content(() => end(true)));
			draw(
				<Dialog title={title} close={() => end(false)}>
					<p>{hint}</p>
					{children}
				</Dialog>,
			);
			return await ended;
		} finally {
			draw(null);
			open = null;
		}
	};
	return () => (open ??= show());
}

/** Lets calls ask the user. Call it once, after the texts are loaded. */
export function installDialogs(): void {
	const signIn = ask(t.sessionEnded, t.sessionEndedHint, async (done) => {
		const { SignInForm, load } = await import("../pages/entry");
		await load();
		return <SignInForm expected={currentUser()?.email} done={done} />;
	});
	recover.signIn = () => (currentUser() ? signIn() : Promise.resolve(false));
	const prove = ask(t.prove, t.proveHint, async (done) => {
		const { ProofForm, load } = await import("../pages/entry");
		await load();
		return <ProofForm done={done} />;
	});
	recover.prove = prove;
	recover.proveFactor = () => (currentUser()?.mfaEnabled ? prove() : Promise.resolve(false));
}
