// What all pages of the account share.

import type { ComponentChildren } from "preact";
import { Title } from "../../app";
import { findPlace, useAddress } from "../../router";
import { useUser } from "../../session";
import { text } from "./text";

/** The heading and the tabs of a page of the account. */
export function Frame({ title, children }: { title: string; children: ComponentChildren }) {
	const { pathname } = useAddress();
	const role = useUser()?.role;
	const tabs = [
		["/account", text.tabs.profile],
		["/account/security", text.tabs.security],
		["/account/dependants", text.tabs.dependants],
		["/account/privacy", text.tabs.privacy],
	] as const;
	return (
		<>
			<Title text={title} />
			<nav aria-label={text.tabs.label}>
				<ul class="tabs">
					{tabs
						.filter(([path]) => role && findPlace(path)?.route.roles?.includes(role))
						.map(([path, name]) => (
							<li key={path}>
								<a href={path} aria-current={path === pathname ? "page" : undefined}>
									{name}
								</a>
							</li>
						))}
				</ul>
			</nav>
			{children}
		</>
	);
}
