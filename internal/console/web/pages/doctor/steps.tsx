// The steps of a visit: check in, start, complete, nobody came, cancel.

import { useRef } from "preact/hooks";
import { call, type Explanations } from "../../api/call";
import {
	cancelConsultation,
	checkIn,
	readCancellationTerms,
	updateConsultationStatus,
	type Consultation,
	type ConsultationStatusRequest,
} from "../../api/operations";
import { announce } from "../../parts/announce";
import { ActionButton, Form, TextArea } from "../../parts/form";
import { Show, useLoad } from "../../parts/load";
import { Time } from "../../parts/time";
import { money } from "../../parts/value";
import type { NotesSaver } from "./notes-saver";
import { text } from "./text";

interface StepsProps {
	visit: Consultation;
	saver: NotesSaver;
	/** Reads the visit again. */
	reload: () => void;
}

export function Steps({ visit, saver, reload }: StepsProps) {
	const heading = useRef<HTMLHeadingElement>(null);
	const own = {
		"too-early": text.steps.tooEarly,
		"too-late": text.steps.tooLate,
		"illegal-transition": text.steps.changed,
		"consent-required": text.steps.noConsent,
		"consultation-in-progress": text.steps.another,
		"doctor-not-approved": text.steps.notApproved,
		"notes-unsaved": text.notes.unsavedBefore,
	};
	// The button that was pressed goes away: what follows is under this heading.
	const next = (): void => {
		reload();
		heading.current?.focus();
	};
	const to = async (status: ConsultationStatusRequest["status"]): Promise<void> => {
		await call(updateConsultationStatus, { id: visit.id }, { status });
		next();
	};
	if (visit.status === "REQUESTED") {
		return (
			<section aria-labelledby="steps">
				<h2 id="steps" ref={heading} tabIndex={-1}>
					{text.steps.title}
				</h2>
				<p>{text.steps.unpaid}</p>
				<Cancel visit={visit} saver={saver} done={next} />
			</section>
		);
	}
	return (
		<section aria-labelledby="steps">
			<h2 id="steps" ref={heading} tabIndex={-1}>
				{text.steps.title}
			</h2>
			{visit.status === "CONFIRMED" && (
				<>
					<p class="hint">
						{text.steps.early} <Time at={visit.startableFrom} />.
					</p>
					{visit.hasConsent === false && <p class="warning">{text.steps.noConsent}</p>}
					<div class="actions">
						<ActionButton
							class="primary"
							text={text.steps.start}
							done={text.steps.started}
							own={own}
							run={() => to("IN_PROGRESS")}
						/>
						{visit.doctorArrivedAt ? (
							<span class="chip">{text.steps.checkedIn}</span>
						) : (
							<ActionButton
								text={text.steps.checkIn}
								done={text.steps.checkedIn}
								own={own}
								run={async (key) => {
									await call(checkIn, { id: visit.id }, undefined, { idempotencyKey: key });
									next();
								}}
							/>
						)}
					</div>
					<NoShow visit={visit} run={() => to("NO_SHOW")} own={own} />
					<Cancel visit={visit} saver={saver} done={next} />
				</>
			)}
			{visit.status === "IN_PROGRESS" && (
				<>
					<p>{text.steps.running}</p>
					<div class="actions">
						<ActionButton
							class="primary"
							text={text.steps.complete}
							done={text.steps.completed}
							own={own}
							run={async () => {
								// Notes can't be changed afterwards.
								await saver.settled();
								await to("COMPLETED");
							}}
						/>
					</div>
					<Cancel visit={visit} saver={saver} done={next} />
				</>
			)}
			{visit.status === "COMPLETED" && <p>{text.steps.isCompleted}</p>}
			{(visit.status === "CANCELLED" || visit.status === "NO_SHOW") && <p>{text.steps.isOver}</p>}
			{visit.status !== "CONFIRMED" && visit.status !== "IN_PROGRESS" && (
				<p>
					<a href="/today">{text.steps.toToday}</a>
				</p>
			)}
		</section>
	);
}

interface NoShowProps {
	visit: Consultation;
	run: () => Promise<void>;
	own: Explanations;
}

function NoShow({ visit, run, own }: NoShowProps) {
	return (
		<details>
			<summary>{text.steps.noShow}</summary>
			<p>
				{text.steps.noShowHint} <Time at={visit.noShowFrom} />.
			</p>
			<div class="actions">
				<ActionButton
					class="danger"
					text={text.steps.recordNoShow}
					done={text.steps.noShowDone}
					own={{ ...own, "too-early": text.steps.noShowEarly }}
					run={run}
				/>
			</div>
		</details>
	);
}

function Cancel({ visit, saver, done }: Omit<StepsProps, "reload"> & { done: () => void }) {
	const terms = useLoad(readCancellationTerms, { id: visit.id });
	const isRunning = visit.status === "IN_PROGRESS";
	return (
		<details>
			<summary>{text.cancel.title}</summary>
			<Show loaded={terms}>
				{(data) =>
					!data.allowed && !isRunning ? (
						<p>{text.cancel.notNow}</p>
					) : (
						<Form
							action={text.cancel.action}
							danger
							own={{ "too-late": text.cancel.notNow, "illegal-transition": text.steps.changed }}
							submit={async (values, key) => {
								const reason = values.optional("reason");
								// The last words are saved if that is possible; else they stay on the page.
								if (isRunning) await saver.saveNow();
								await call(cancelConsultation, { id: visit.id }, reason ? { reason } : {}, {
									idempotencyKey: key,
								});
								announce(text.cancel.done);
								done();
							}}
						>
							<p>
								{Number(data.refund.amount) > 0
									? text.cancel.refund(money(data.refund.amount, data.refund.currency))
									: text.cancel.noRefund}
							</p>
							<TextArea
								name="reason"
								label={text.cancel.reason}
								hint={isRunning ? text.cancel.reasonRunning : text.cancel.reasonHint}
								required={isRunning}
								maxLength={2000}
								rows={3}
							/>
						</Form>
					)
				}
			</Show>
		</details>
	);
}
