import { useState } from "preact/hooks";
import { listDependants, listOwnAccessLog, type RecordReading } from "../../api/operations";
import { Checkbox } from "../../parts/form";
import { List, useLoad } from "../../parts/load";
import { Time } from "../../parts/time";
import { findPlace } from "../../router";
import { useUser } from "../../session";
import { t } from "../../text";
import { text } from "./text";

/** Who read the record of the patient, in plain words. */
export function AccessLog() {
	const own = text.access;
	const [others, setOthers] = useState(false);
	const params: { others?: boolean } = { others };
	const dependants = useLoad(listDependants, {});
	const names = new Map(dependants.data?.items.map((d) => [d.id, d.fullName]));
	return (
		<section aria-labelledby="access">
			<h2 id="access">{own.title}</h2>
			<p>{own.what}</p>
			<Checkbox name="others" label={own.othersOnly} onChange={setOthers} />
			<List op={listOwnAccessLog} params={params} empty={others ? own.noOthers : own.none}>
				{(items) => (
					<ul class="list">
						{items.map((reading) => (
							<Reading
								key={reading.id}
								reading={reading}
								whose={
									reading.dependantId
										? own.recordOf(names.get(reading.dependantId) ?? own.formerDependant)
										: ""
								}
							/>
						))}
					</ul>
				)}
			</List>
		</section>
	);
}

function Reading({ reading, whose }: { reading: RecordReading; whose: string }) {
	const own = text.access;
	const isMe = useUser()?.id === reading.actorId;
	const visit = reading.consultationId && "/visits/" + reading.consultationId;
	return (
		<li>
			<strong>{isMe ? own.you : <bdi>{reading.actorName ?? own.erasedPerson}</bdi>}</strong>
			{!isMe && ` (${t.roles[reading.actorRole]})`} {own.actions[reading.action]}
			{reading.healthData ? own.withHealth : own.withoutHealth}
			{whose && ` ${whose}`}
			<div class="small">
				<Time at={reading.createdAt} />
				{reading.purpose && (
					<>
						{" "}
						· {own.why} <bdi>{reading.purpose}</bdi>
					</>
				)}
				{visit && findPlace(visit) && (
					<>
						{" "}
						· <a href={visit}>{own.visit}</a>
					</>
				)}
			</div>
		</li>
	);
}
