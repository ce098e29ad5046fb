import { useState } from "preact/hooks";
import { Title } from "../../app";
import { call, isProblem } from "../../api/call";
import {
	acceptWaitlistOffer,
	leaveWaitlist,
	listConsents,
	listDependants,
	listWaitlist,
	type WaitlistEntry,
	type WaitlistOffer,
} from "../../api/operations";
import { announce } from "../../parts/announce";
import { Countdown } from "../../parts/countdown";
import { Dialog } from "../../parts/dialog";
import { ActionButton, Form } from "../../parts/form";
import { List, Show, useLoad } from "../../parts/load";
import { plainDate, Time, zone, zoneName, ZoneNote } from "../../parts/time";
import { Name } from "../../parts/value";
import { navigate } from "../../router";
import { t } from "../../text";
import { language } from "../../text/language";
import { bookAddress } from "../care/doctor-facts";
import { clearDraft } from "../care/draft";
import { giveConsents, isAboutConsent, missingOf, ReasonFields } from "../care/reason-fields";
import { text } from "../care/text";
import { wait } from "./text";

/** For which doctors the patient waits, and the seats that are held for them. */
export function Waitlist() {
	const dependants = useLoad(listDependants, { limit: 100 });
	const names = new Map((dependants.data?.items ?? []).map((d) => [d.id, d.fullName]));
	return (
		<>
			<Title text={wait.waitlist} />
			<ZoneNote />
			<List
				op={listWaitlist}
				params={{ limit: 100 }}
				empty={
					<>
						{wait.waitlistEmpty} <a href="/doctors">{text.findTitle}</a>
					</>
				}
				refreshOn={(change) => change.type === "offer.changed" || change.type === "reset"}
			>
				{(entries, reload, rest) => <Entries entries={entries} isAll={!rest} names={names} reload={reload} />}
			</List>
		</>
	);
}

interface EntriesProps {
	entries: WaitlistEntry[];
	isAll: boolean;
	/** The patient's dependants by their id. */
	names: Map<string, string>;
	reload: () => void;
}

function isLive(entry: WaitlistEntry): boolean {
	return entry.status === "WAITING" || entry.status === "OFFERED";
}

function Entries({ entries, isAll, names, reload }: EntriesProps) {
	const live = entries.filter(isLive).sort((a, b) => Number(!a.offer) - Number(!b.offer));
	const ended = entries.filter((e) => !isLive(e));
	const cards = (list: WaitlistEntry[]) => (
		<ul class="list">
			{list.map((entry) => (
				<Entry key={entry.id} entry={entry} names={names} reload={reload} />
			))}
		</ul>
	);
	return (
		<>
			{live.length > 0 && cards(live)}
			{live.length === 0 && isAll && (
				<p class="empty">
					{wait.waitlistEmpty} <a href="/doctors">{text.findTitle}</a>
				</p>
			)}
			{ended.length > 0 && (
				<details>
					<summary>{wait.ended(ended.length)}</summary>
					{cards(ended)}
				</details>
			)}
		</>
	);
}

function Entry({ entry, names, reload }: { entry: WaitlistEntry; names: Map<string, string>; reload: () => void }) {
	const days = wait.waitRange(plainDate(entry.from), plainDate(entry.to));
	return (
		<li class="card">
			<h2>
				<Name>{entry.doctorName}</Name>
			</h2>
			{entry.offer && <Offer entry={entry} offer={entry.offer} reload={reload} />}
			<dl>
				<dt>{wait.state}</dt>
				<dd>{wait.waiting[entry.status]}</dd>
				<dt>{wait.days}</dt>
				<dd>{entry.timezone === zone() ? days : wait.daysIn(days, zoneName(entry.timezone))}</dd>
				<dt>{wait.partOfDay}</dt>
				<dd>{entry.partOfDay ? wait.parts[entry.partOfDay] : wait.anyPart}</dd>
				<dt>{text.whose}</dt>
				<dd>{entry.dependantId ? <Name>{names.get(entry.dependantId) ?? "…"}</Name> : text.self}</dd>
			</dl>
			{isLive(entry) && (
				<p class="actions">
					<a
						class="button"
						href={`/doctors/${entry.doctorId}`}
						aria-label={text.ofDoctor(wait.toDoctor, entry.doctorName)}
					>
						{wait.toDoctor}
					</a>
					<Leave entry={entry} reload={reload} />
				</p>
			)}
			{entry.consultationId && (
				<p>
					<a
						href={`/visits/${entry.consultationId}`}
						aria-label={text.ofDoctor(text.toVisit, entry.doctorName)}
					>
						{text.toVisit}
					</a>
				</p>
			)}
		</li>
	);
}

function Leave({ entry, reload }: { entry: WaitlistEntry; reload: () => void }) {
	const [isAsked, setAsked] = useState(false);
	const what = entry.offer ? wait.decline : wait.leave;
	const leave = async (): Promise<void> => {
		try {
			await call(leaveWaitlist, { id: entry.id }, undefined);
		} catch (error) {
			// It has ended meanwhile: the list says how.
			if (!isProblem(error, "illegal-transition", "not-found")) throw error;
		}
		announce(wait.left);
		setAsked(false);
		// The button goes away with its entry.
		document.querySelector("h1")?.focus();
		reload();
	};
	return (
		<>
			<button
				type="button"
				class="quiet"
				aria-label={text.ofDoctor(what, entry.doctorName)}
				onClick={() => setAsked(true)}
			>
				{what}
			</button>
			{isAsked && (
				<Dialog title={wait.leaveAsk} close={() => setAsked(false)}>
					<p>
						<Name>{entry.doctorName}</Name>
					</p>
					<p>{entry.offer ? wait.declineHint : wait.leaveHint}</p>
					<div class="actions">
						<ActionButton
							class="danger"
							text={what}
							own={{ ...text.problems, ...wait.problems }}
							run={leave}
						/>
						<button type="button" onClick={() => setAsked(false)}>
							{wait.stay}
						</button>
					</div>
				</Dialog>
			)}
		</>
	);
}

/** A seat that is held for the patient: until when, and what taking it needs. */
function Offer({ entry, offer, reload }: { entry: WaitlistEntry; offer: WaitlistOffer; reload: () => void }) {
	const [over, setOver] = useState("");
	const consents = useLoad(listConsents, { language });
	if (over === offer.expiresAt) {
		return (
			<p class="warning" role="status">
				{wait.offerOver}
			</p>
		);
	}
	return (
		<div class="note">
			<h3>{wait.offer}</h3>
			<p>
				<strong>
					<Time at={offer.startTime} />
				</strong>
			</p>
			<Countdown
				until={offer.expiresAt}
				line={wait.offerLeft}
				say={(minutes) => wait.offerSay(t.minutes(minutes))}
				onOver={() => {
					setOver(offer.expiresAt);
					reload();
				}}
			/>
			<Show loaded={consents}>
				{(notices) => (
					<Form
						action={text.ofDoctor(wait.take, entry.doctorName)}
						own={{ ...text.problems, ...wait.problems }}
						submit={async (values, key) => {
							try {
								await giveConsents(missingOf(notices), key);
								const { data } = await call(
									acceptWaitlistOffer,
									{ id: entry.id },
									{ reason: values.text("reason") },
									{ idempotencyKey: key },
								);
								if (data.status === "REQUESTED")
									return navigate(bookAddress(data.doctorId, data.slotId));
								clearDraft();
								announce(text.booked);
								navigate("/visits/" + data.id);
							} catch (error) {
								if (isAboutConsent(error)) consents.reload();
								if (isProblem(error, "no-offer")) reload();
								throw error;
							}
						}}
					>
						<ReasonFields missing={missingOf(notices)} />
					</Form>
				)}
			</Show>
		</div>
	);
}
