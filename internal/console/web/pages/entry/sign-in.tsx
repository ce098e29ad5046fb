import { useEffect } from "preact/hooks";
import { Title, homeOf } from "../../app";
import { navigate, safeNext, useAddress } from "../../router";
import { currentUser, useUser } from "../../session";
import { language } from "../../text/language";
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
		if (now.language !== language && !document.cookie.includes("language=")) {
			document.cookie = `language=${now.language}; path=/; max-age=31536000; samesite=lax`;
			location.assign(next);
			return;
		}
		navigate(next, { replace: true });
	};
	// Once for each user: the page stays until the next one is loaded, and going on redraws it.
	useEffect(() => {
		if (user) goOn();
	}, [user]);
	if (user) return null;
	return (
		<div class="narrow">
			<Title text={text.signIn} />
			{url.searchParams.has("out") && <p role="status">{text.signedOut}</p>}
			<SignInForm done={goOn} />
			<p>
				<a href="/forgot-password">{text.forgot}</a>
			</p>
			<p>
				{text.newHere}{" "}
				<a href={"/sign-up" + (asked ? "?next=" + encodeURIComponent(asked) : "")}>{text.signUp}</a>
			</p>
		</div>
	);
}
