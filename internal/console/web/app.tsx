// The frame of every page: the menu, the content, and the line that screen readers hear.

import { useEffect, useRef, useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import type { Role } from "./api/operations";
import { loadMenu, loadPage, type Page } from "./pages";
import { findPlace, useAddress, type Place, type Route } from "./router";
import { loadUser, signOut, userDoubt, useUser } from "./session";
import { t } from "./text";
import { changeLanguage, language } from "./text/language";
import { announce, Announcer } from "./parts/announce";
import { ActionButton } from "./parts/form";
import { explain, Refusal } from "./parts/refusal";
import { Loading, loadAnew, useReconnect } from "./parts/load";
import { Dialogs } from "./parts/recover";
// Most areas use these: here they are in the one file that all load.
import "./parts/checkout";
import "./parts/later";
import "./parts/time";
import "./parts/value";
import "./parts/wall";
import type { Menu } from "./menu";

export type MenuItem = [path: string, text: string];

/** The menu of everybody but staff. */
function menuFor(role: Role | undefined): MenuItem[] {
	const nav = t.nav;
	if (role === "PATIENT") {
		return [
			["/doctors", nav.doctors],
			["/visits", nav.visits],
			["/waitlist", nav.waitlist],
			["/prescriptions", nav.prescriptions],
			["/payments", nav.payments],
		];
	}
	if (role === "DOCTOR") {
		return [
			["/today", nav.today],
			["/week", nav.week],
			["/hours", nav.hours],
			["/figures", nav.figures],
			["/reviews", nav.reviews],
			["/application", nav.application],
		];
	}
	return [["/doctors", nav.doctors]];
}

export function isCurrent(path: string, pathname: string): boolean {
	return pathname === path || pathname.startsWith(path + "/");
}

/** The links of a menu. */
export function MenuItems({ items, pathname }: { items: MenuItem[]; pathname: string }) {
	return (
		<ul>
			{items.map(([path, text]) => (
				<li key={path}>
					<a href={path} aria-current={isCurrent(path, pathname) ? "page" : undefined}>
						{text}
					</a>
				</li>
			))}
		</ul>
	);
}

/** The menu of support and administrators, whose part of the scripts nobody else loads. */
function StaffMenu(props: { role: Role; pathname: string }) {
	const [Loaded, setLoaded] = useState<typeof Menu | null>(null);
	useEffect(() => {
		loadMenu().then(
			(menu) => setLoaded(() => menu),
			() => undefined, // the page itself says that the network is away
		);
	}, [props.pathname]);
	return Loaded && <Loaded {...props} />;
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
				{user?.role === "SUPPORT" || user?.role === "ADMIN" ? (
					<StaffMenu role={user.role} pathname={pathname} />
				) : (
					<MenuItems items={menuFor(user?.role)} pathname={pathname} />
				)}
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
						<ActionButton
							class="quiet"
							text={t.signOut}
							run={() => signOut().catch((error: unknown) => announce(explain(error)))}
						/>
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
	const roles = place?.route.roles ?? [];
	let content: ComponentChildren;
	if (!place) {
		content = <NotFound />;
	} else if (roles[0] && !user && userDoubt()) {
		content = <Refusal error={userDoubt()} retry={() => void loadUser()} />;
	} else {
		const isOpen = !roles[0] || (user && roles.includes(user.role));
		const instead: Route = { ...place.route, area: "entry", page: user ? "OtherRole" : "SignIn" };
		content = <Content place={isOpen ? place : { route: instead, params: {} }} pathname={url.pathname} />;
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
	useEffect(() => {
		let isWanted = true;
		setError(null);
		loadPage(place.route.area, place.route.page).then(
			(page) => isWanted && setShown({ page, place, pathname }),
			async (e: unknown) => {
				// This page may be of a version that the server doesn't have any more: the whole new one is loaded.
				if (!isFirstPage && (await isReachable())) location.reload();
				else if (isWanted) setError(e);
			},
		);
		return () => void (isWanted = false);
	}, [place.route.area, place.route.page, pathname]);
	useReconnect(error, loadAnew);
	if (error) return <Refusal error={error} retry={loadAnew} />;
	if (!shown) return <Loading />;
	const Shown = shown.page;
	return <Shown key={shown.pathname} params={shown.place.params} />;
}

/** Reports whether the server has the page of the address. */
function isReachable(): Promise<boolean> {
	return fetch(location.href, { method: "HEAD" }).then(
		({ ok }) => ok,
		() => false,
	);
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
