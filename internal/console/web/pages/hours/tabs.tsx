import { ApplyFirst } from "./apply-first";
import { text } from "./text";

/** The three pages of a doctor's hours, and what stands in the way of them. */
export function Tabs({ at }: { at: string }) {
	const tabs = [
		["/hours", text.tabRules],
		["/hours/leave", text.tabLeave],
		["/hours/slots", text.tabSlots],
	] as const;
	return (
		<>
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
			<ApplyFirst />
		</>
	);
}
