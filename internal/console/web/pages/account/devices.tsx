import { call } from "../../api/call";
import { endOtherSessions, endSession, listSessions, type Session } from "../../api/operations";
import { ActionButton } from "../../parts/form";
import { List } from "../../parts/load";
import { Time } from "../../parts/time";
import { focusOn } from "../../parts/focus";
import { text } from "./text";

/** Where the user is signed in. */
export function Devices() {
	const own = text.devices;
	return (
		<section aria-labelledby="devices">
			<h2 id="devices" tabIndex={-1}>
				{own.title}
			</h2>
			<p>{own.what}</p>
			<List op={listSessions} params={{}} empty={own.none}>
				{(items, reload) => (
					<>
						<ul class="list">
							{items.map((session) => (
								<Device key={session.id} session={session} reload={reload} />
							))}
						</ul>
						{items.length > 1 && (
							<ActionButton
								text={own.endOthers}
								done={own.othersEnded}
								run={async () => {
									await call(endOtherSessions, {});
									reload();
									focusOn("devices");
								}}
							/>
						)}
					</>
				)}
			</List>
		</section>
	);
}

function Device({ session, reload }: { session: Session; reload: () => void }) {
	const own = text.devices;
	return (
		<li class="card">
			<strong>{session.device || own.unknown}</strong>{" "}
			{session.current && <span class="status confirmed">{own.current}</span>}
			<dl>
				<dt>{own.lastUsed}</dt>
				<dd>
					<Time at={session.lastUsedAt} />
				</dd>
				<dt>{own.signedIn}</dt>
				<dd>
					<Time at={session.createdAt} />
				</dd>
				<dt>{own.from}</dt>
				<dd>{session.ipAddress}</dd>
			</dl>
			{!session.current && (
				<ActionButton
					text={own.end}
					label={own.endOne(session.device || own.unknown)}
					done={own.oneEnded}
					own={{ "not-found": own.gone }}
					run={async () => {
						await call(endSession, { id: session.id });
						reload();
						focusOn("devices");
					}}
				/>
			)}
		</li>
	);
}
