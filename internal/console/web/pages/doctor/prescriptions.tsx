// The prescriptions of a visit, and a new one.

import { useEffect, useRef, useState } from "preact/hooks";
import { listConsultationPrescriptions, type Consultation, type Prescription } from "../../api/operations";
import { Show, useLoad } from "../../parts/load";
import { clock, Time } from "../../parts/time";
import { MedicationList } from "./medications";
import { text } from "./text";
import { Writer } from "./writer";

interface PrescriptionsProps {
	visit: Consultation;
}

export function Prescriptions({ visit }: PrescriptionsProps) {
	const list = useLoad(listConsultationPrescriptions, { consultationId: visit.id });
	/** What the open form corrects; null for a new one, undefined while it is closed. */
	const [open, setOpen] = useState<Prescription | null | undefined>(undefined);
	const [written, setWritten] = useState<Prescription | null>(null);
	const note = useRef<HTMLDivElement>(null);
	const begin = useRef<HTMLButtonElement>(null);
	const wasOpen = useRef(false);
	useEffect(() => {
		if (wasOpen.current && open === undefined) (note.current ?? begin.current)?.focus();
		wasOpen.current = open !== undefined;
	}, [open]);
	return (
		<section aria-labelledby="prescriptions">
			<h2 id="prescriptions">{text.rx.title}</h2>
			{written && open === undefined && (
				<div class="note" ref={note} tabIndex={-1}>
					<p>
						{text.rx.written} <a href={"/prescriptions/" + written.id}>{text.rx.openWritten}</a>
					</p>
				</div>
			)}
			<Show loaded={list}>
				{(data) =>
					data.items.length === 0 ? (
						<p class="empty">{text.rx.none}</p>
					) : (
						<ul class="list">
							{data.items.map((one) => (
								<Item
									key={one.id}
									prescription={one}
									correct={open === undefined ? () => setOpen(one) : null}
								/>
							))}
						</ul>
					)
				}
			</Show>
			{open === undefined ? (
				<button type="button" ref={begin} onClick={() => setOpen(null)}>
					{text.rx.begin}
				</button>
			) : (
				<Writer
					consultationId={visit.id}
					corrects={open}
					patientId={visit.patientId}
					close={() => setOpen(undefined)}
					done={(made) => {
						setWritten(made);
						setOpen(undefined);
						list.reload();
					}}
				/>
			)}
		</section>
	);
}

function Item({ prescription, correct }: { prescription: Prescription; correct: (() => void) | null }) {
	const at = clock(prescription.createdAt);
	return (
		<li class="card">
			<h3>
				<Time at={prescription.createdAt} />
			</h3>
			{prescription.supersededBy && <p class="chip">{text.rx.superseded}</p>}
			<MedicationList prescription={prescription} />
			<p class="actions">
				<a href={"/prescriptions/" + prescription.id}>{text.rx.open(at)}</a>
				{!prescription.supersededBy && correct && (
					<button type="button" aria-label={text.rx.correctThis(at)} onClick={correct}>
						{text.rx.correct}
					</button>
				)}
			</p>
		</li>
	);
}
