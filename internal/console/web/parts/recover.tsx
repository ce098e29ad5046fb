// The two dialogs that let a call go on: a sign-in after the session has ended, and a proof of identity.

import { render, type ComponentChildren } from "preact";
import { recover } from "../api/call";
import { currentUser } from "../session";
import { t } from "../text";
import { Dialog } from "./dialog";

/** Shows a dialog until its content or the user ends it. Calls that need the same dialog share it. */
function ask(
	title: string,
	hint: string,
	content: (done: () => void) => Promise<ComponentChildren>,
): () => Promise<boolean> {
	let open: Promise<boolean> | null = null;
	const show = (): Promise<boolean> =>
		new Promise((resolve, reject) => {
			const place = document.createElement("div");
			const end = (isDone: boolean): void => {
				render(null, place);
				place.remove();
				open = null;
				resolve(isDone);
			};
			content(() => end(true)).then(
				(children) => {
					document.body.append(place);
					render(
						<Dialog title={title} close={() => end(false)}>
							<p>{hint}</p>
							{children}
						</Dialog>,
						place,
					);
				},
				(error: unknown) => {
					open = null;
					reject(error);
				},
			);
		});
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
