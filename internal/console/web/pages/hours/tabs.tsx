import { text } from "./text";

/** The three pages of a doctor's hours. */
export function Tabs({ at }: { at: string }) {
	const tabs = [
		["/hours", text.tabRules],
		["/hours/leave", text.tabLeave],
		["/hours/slots", text.tabSlots],
	] as const;
	return (
		<nav aria-label={text.title}>
			<ul class="tabs">
				{tabs.map(([path, name]) => (
					<li key={path}>
						<a href={path} aria-current={path === at ? "page" : undefined}>
							{name}
						</a>
					</li>
				))}
			</ul>
		</nav>
	);
}
