// The menu of support and administrators. That of administrators is in groups, which open and close.

import { useEffect, useRef } from "preact/hooks";
import type { Role } from "./api/operations";
import { isCurrent, MenuItems, type MenuItem } from "./app";
import { loadText } from "./text";
import type { menu } from "./text/en/menu";

const text = {} as typeof menu;

export const load = (): Promise<void> => loadText("menu", text);

interface MenuProps {
	role: Role;
	pathname: string;
}

export function Menu({ role, pathname }: MenuProps) {
	if (role === "ADMIN") return <Groups pathname={pathname} />;
	const items: MenuItem[] = [
		["/people", text.people],
		["/all-visits", text.visitsOfAll],
		["/refunds", text.refunds],
		["/disputes", text.disputes],
		["/reported-reviews", text.moderation],
		["/transfers", text.transfers],
	];
	return <MenuItems items={items} pathname={pathname} />;
}

function groups(): [name: string, items: MenuItem[]][] {
	return [
		[
			text.groups.doctors,
			[
				["/admin/doctors", text.doctorsWaiting],
				["/reported-reviews", text.moderation],
			],
		],
		[
			text.groups.people,
			[
				["/people", text.people],
				["/admin/staff", text.staff],
				["/transfers", text.transfers],
			],
		],
		[
			text.groups.visits,
			[
				["/all-visits", text.visitsOfAll],
				["/refunds", text.refunds],
				["/disputes", text.disputes],
				["/admin/money", text.money],
			],
		],
		[
			text.groups.system,
			[
				["/admin/analytics", text.analytics],
				["/admin/audit", text.audit],
				["/admin/system", text.system],
			],
		],
	];
}

/** Groups of links. One is open at a time: it closes when a page is opened, by Escape, and when the focus moves on. */
function Groups({ pathname }: { pathname: string }) {
	const list = useRef<HTMLUListElement>(null);
	const closeOthers = (kept: Element | null): void => {
		for (const open of list.current?.querySelectorAll("details[open]") ?? []) {
			if (open !== kept) open.removeAttribute("open");
		}
	};
	useEffect(() => closeOthers(null), [pathname]);
	useEffect(() => {
		const leave = (e: Event): void => {
			if (e.target instanceof Element) closeOthers(e.target.closest(".menu details"));
		};
		document.addEventListener("pointerdown", leave);
		document.addEventListener("focusin", leave);
		return () => {
			document.removeEventListener("pointerdown", leave);
			document.removeEventListener("focusin", leave);
		};
	}, []);
	return (
		<ul class="menu" ref={list}>
			{groups().map(([name, items]) => (
				<li key={name}>
					<details
						onKeyDown={(e) => {
							if (e.key !== "Escape" || !e.currentTarget.open) return;
							closeOthers(null);
							e.currentTarget.querySelector("summary")?.focus();
						}}
						onToggle={(e) => e.currentTarget.open && closeOthers(e.currentTarget)}
					>
						<summary aria-current={items.some(([path]) => isCurrent(path, pathname)) ? "true" : undefined}>
							{name}
						</summary>
						<MenuItems items={items} pathname={pathname} />
					</details>
				</li>
			))}
		</ul>
	);
}
