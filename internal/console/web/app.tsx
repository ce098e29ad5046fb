// The frame of every page: the menu, the content, and the line that screen readers hear.

import { useEffect, useRef, useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import type { Role } from "./api/operations";
import { loadPage, type Page } from "./pages";
import { findPlace, useAddress, type Place, type Route } from "./router";
import { signOut, useUser } from "./session";
import { t } from "./text";
import { changeLanguage, language } from "./text/language";
import { Announcer } from "./parts/announce";
import { Refusal } from "./parts/refusal";
import { Loading } from "./parts/load";
import { Dialogs } from "./parts/recover";

type MenuItem = [path: string, text: string];

function menuFor(role: Role | undefined): MenuItem[] {
	const nav = t.nav;
	const support: MenuItem[] = [
		["/people", nav.people],
		["/all-visits", nav.visitsOfAll],
		["/refunds", nav.refunds],
		["/disputes", nav.disputes],
		["/reported-reviews", nav.moderation],
		["/transfers", nav.transfers],
	];
	const menus: Record<Role, MenuItem[]> = {
		PATIENT: [
			["/doctors", nav.doctors],
			["/visits", nav.visits],
			["/waitlist", nav.waitlist],
			["/prescriptions", nav.prescriptions],
			["/payments", nav.payments],
		],
		DOCTOR: [
			["/today", nav.today],
			["/week", nav.week],
			["/hours", nav.hours],
			["/reviews", nav.reviews],
			["/application", nav.application],
		],
		SUPPORT: support,
		ADMIN: [
			["/admin/doctors", nav.doctorsWaiting],
			...support,
			["/admin/staff", nav.staff],
			["/admin/money", nav.money],
			["/admin/audit", nav.audit],
			["/admin/analytics", nav.analytics],
		],
	};
	return role ? menus[role] : [["/doctors", nav.doctors]];
}

function isCurrent(path: string, pathname: string): boolean {
	return pathname === path || pathname.startsWith(path + "/");
}

function Header({ pathname }: { pathname: string }) {
	const user = useUser();
	const other = language === "en" ? "hi" : "en";
	return (
		<header class="top">
			<a class="skip" href="#content">
				{t.skip}
			</a>
			<a class="brand" href={user ? homeOf(user.role) : "/"}>
				{t.product}
			</a>
			<nav aria-label={t.navigation}>
				<ul>
					{menuFor(user?.role).map(([path, text]) => (
						<li key={path}>
							<a href={path} aria-current={isCurrent(path, pathname) ? "page" : undefined}>
								{text}
							</a>
						</li>
					))}
				</ul>
			</nav>
			<div class="who">
				<button type="button" class="quiet" lang={other} onClick={() => changeLanguage(other)}>
					{other === "hi" ? "हिन्दी" : "English"}
				</button>
				{user ? (
					<>
						<a href="/account" aria-current={isCurrent("/account", pathname) ? "page" : undefined}>
							<bdi>{user.fullName}</bdi>
						</a>
						<button type="button" class="quiet" onClick={() => void signOut()}>
							{t.signOut}
						</button>
					</>
				) : (
					<a href={signInAddress(pathname)}>{t.signIn}</a>
				)}
			</div>
		</header>
	);
}

/** Returns the page on which the day of a role begins. */
export function homeOf(role: Role): string {
	return { PATIENT: "/visits", DOCTOR: "/today", SUPPORT: "/people", ADMIN: "/admin/doctors" }[role];
}

function signInAddress(pathname: string): string {
	const isEntry = findPlace(pathname)?.route.area === "entry" || pathname === "/";
	return isEntry ? "/sign-in" : "/sign-in?next=" + encodeURIComponent(pathname + location.search);
}

export function App() {
	const url = useAddress();
	const place = findPlace(url.pathname);
	const user = useUser();
	const roles = place?.route.roles;
	let content: ComponentChildren;
	if (!place) {
		content = <NotFound />;
	} else if (roles && !(user && roles.includes(user.role))) {
		const route: Route = { path: "/sign-in", area: "entry", page: user ? "OtherRole" : "SignIn" };
		content = <Content place={{ route, params: {} }} pathname={url.pathname} />;
	} else {
		content = <Content place={place} pathname={url.pathname} />;
	}
	return (
		<>
			<Header pathname={url.pathname} />
			<main id="content" tabIndex={-1}>
				{content}
			</main>
			<Announcer />
			<Dialogs />
		</>
	);
}

function NotFound() {
	return (
		<>
			<Title text={t.notFound} />
			<p>{t.notFoundHint}</p>
			<p>
				<a href="/">{t.nav.home}</a>
			</p>
		</>
	);
}

/** Loads and draws a page. While the next one is loaded, the one before stays. */
function Content({ place, pathname }: { place: Place; pathname: string }) {
	const [shown, setShown] = useState<{ page: Page; place: Place; pathname: string } | null>(null);
	const [error, setError] = useState<unknown>(null);
	const [attempt, setAttempt] = useState(0);
	useEffect(() => {
		let isWanted = true;
		setError(null);
		loadPage(place.route.area, place.route.page).then(
			(page) => isWanted && setShown({ page, place, pathname }),
			(e: unknown) => isWanted && setError(e),
		);
		return () => void (isWanted = false);
	}, [place.route.area, place.route.page, pathname, attempt]);
	if (error) return <Refusal error={error} retry={() => setAttempt(attempt + 1)} />;
	if (!shown) return <Loading />;
	const Shown = shown.page;
	return <Shown key={shown.pathname} params={shown.place.params} />;
}

let isFirstPage = true;

/** The heading of a page, and the title of the window. Focus moves to it, except on the first page. */
export function Title({ text }: { text: string }) {
	const heading = useRef<HTMLHeadingElement>(null);
	useEffect(() => {
		document.title = `${text} · ${t.product}`;
	}, [text]);
	useEffect(() => {
		if (!isFirstPage) {
			heading.current?.focus();
			scrollTo(0, 0);
		}
		isFirstPage = false;
	}, []);
	return (
		<h1 ref={heading} tabIndex={-1}>
			{text}
		</h1>
	);
}
