import { useEffect } from "preact/hooks";
import { Title, homeOf } from "../../app";
import { Loading } from "../../parts/load";
import { navigate, safeNext, useAddress } from "../../router";
import { currentUser, useUser } from "../../session";
import { language, rememberLanguage } from "../../text/language";
import { rememberNext, withNext } from "./next";
import { SignInForm } from "./sign-in-form";
import { text } from "./text";

/** Sign-in, and then the page that asked for it. */
export function SignIn() {
	const url = useAddress();
	const user = useUser();
	const asked = url.pathname === "/sign-in" ? url.searchParams.get("next") : url.pathname + url.search;
	const goOn = (): void => {
		const now = currentUser();
		if (!now) return;
		const next = safeNext(asked, homeOf(now.role));
		rememberNext(null);
		if (now.language !== language && !document.cookie.includes("language=")) {
			rememberLanguage(now.language);
			location.assign(next);
			return;
		}
		navigate(next, { replace: true });
	};
	const query = url.searchParams;
	const notes: Record<string, string> = { password: text.passwordChanged, deleted: text.accountDeleted };
	const note = query.has("out") ? text.signedOut : notes[query.get("done") ?? ""];
	// Once: this page stays until the next one is loaded, and is drawn again meanwhile.
	useEffect(() => {
		if (user) goOn();
	}, [user?.id]);
	if (user) return <Loading />;
	return (
		<div class="narrow">
			<Title text={text.signIn} />
			{note && (
				<p class="note" role="status">
					{note}
				</p>
			)}
			{asked && !note && <p>{text.comeBack}</p>}
			<SignInForm done={() => undefined} />
			<p>
				<a href={withNext("/forgot-password", asked)}>{text.forgot}</a>
			</p>
			<p>
				{text.newHere} <a href={withNext("/sign-up", asked)}>{text.signUp}</a>
			</p>
		</div>
	);
}
