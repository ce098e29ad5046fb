import { useId, useState } from "preact/hooks";
import { call } from "../../api/call";
import { createCalendar, deleteCalendar } from "../../api/operations";
import { ActionButton } from "../../parts/form";
import { Arrival } from "../../parts/focus";
import { CopyButton } from "../../parts/copy";
import { text } from "./text";

/** The secret address that calendar programs read the visits from. */
export function CalendarFeed() {
	const own = text.calendar;
	const id = useId();
	const [url, setURL] = useState("");
	const [isEnded, setEnded] = useState(false);
	return (
		<section aria-labelledby="calendar">
			<h2 id="calendar">{own.title}</h2>
			<p>{own.what}</p>
			<p>{own.secret}</p>
			{url && (
				<Arrival class="note">
					<label for={id}>{own.address}</label>
					<input id={id} readOnly value={url} onFocus={(event) => event.currentTarget.select()} />
					<p class="small">{own.once}</p>
					<CopyButton value={url} label={own.copy} failed={text.copyByHand} />
				</Arrival>
			)}
			{isEnded && (
				<Arrival class="note">
					<p>{own.ended}</p>
				</Arrival>
			)}
			<p class="small">{own.oneAddress}</p>
			<div class="actions">
				<ActionButton
					text={url ? own.renew : own.make}
					run={async () => {
						const { data } = await call(createCalendar, {});
						setEnded(false);
						setURL(data.url);
					}}
				/>
				<ActionButton
					text={own.end}
					run={async () => {
						await call(deleteCalendar, {});
						setURL("");
						setEnded(true);
					}}
				/>
			</div>
		</section>
	);
}
