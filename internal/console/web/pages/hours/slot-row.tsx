import { useState } from "preact/hooks";
import { call } from "../../api/call";
import { now } from "../../api/clock";
import { deleteSlot, updateSlot, type Consultation, type Slot } from "../../api/operations";
import { announce } from "../../parts/announce";
import { Dialog } from "../../parts/dialog";
import { ActionButton } from "../../parts/form";
import { clock, dayName, dayOf } from "../../parts/time";
import { Name } from "../../parts/value";
import { t } from "../../text";
import { ChangeSlot, slotRefusals } from "./slot-forms";
import { DeleteDialog } from "./delete-dialog";
import { text } from "./text";

/** Reports whether places of a slot are taken. */
export function hasVisits(slot: Slot): boolean {
	return slot.status !== "BLOCKED" && slot.seatsFree < slot.maxPatients;
}

/** Returns the state of a slot in words. */
function stateOf(slot: Slot, isAway: boolean): string {
	if (slot.status === "BLOCKED") return isAway ? text.blockedAway : text.blocked;
	const taken = slot.maxPatients - slot.seatsFree;
	if (slot.maxPatients === 1) return taken ? text.booked : text.free;
	return taken ? text.someBooked(taken, slot.maxPatients) : text.freePlaces(slot.maxPatients);
}

interface SlotRowProps {
	slot: Slot;
	/** The visits that are booked in it, as far as they are known. */
	visits: Consultation[];
	/** The doctor is away then: a blocked slot can't be opened. */
	isAway: boolean;
	/** Called with what the slot is now. */
	put: (slot: Slot) => void;
	/** Called when the slot isn't there any more. */
	deleted: () => void;
}

/** A slot with its state, and what can be done with it. */
export function SlotRow({ slot, visits, isAway, put, deleted }: SlotRowProps) {
	const [open, setOpen] = useState<"change" | "delete" | null>(null);
	const times = `${clock(slot.startTime)} – ${clock(slot.endTime)}`;
	const hasBegun = Date.parse(slot.startTime) <= now();
	const isBlocked = slot.status === "BLOCKED";
	const isTaken = hasVisits(slot) || visits.length > 0;
	const color = isBlocked ? "cancelled" : isTaken ? "requested" : "confirmed";
	const close = (): void => setOpen(null);
	const toggle = async (): Promise<void> => {
		const status = isBlocked ? ("AVAILABLE" as const) : ("BLOCKED" as const);
		put((await call(updateSlot, { id: slot.id }, { status })).data);
	};
	return (
		<li class="card slot">
			<strong>{times}</strong>
			<span class={"status " + color}>{stateOf(slot, isAway)}</span>
			{visits.map((visit) => (
				<a key={visit.id} href={"/consultations/" + visit.id}>
					<Name>{visit.patientName ?? text.visit}</Name>
				</a>
			))}
			{hasBegun ? (
				<span class="small">{text.hasBegun}</span>
			) : (
				<span>
					{!isTaken && !(isBlocked && isAway) && (
						<ActionButton
							class="quiet"
							text={isBlocked ? text.open : text.block}
							label={text.named(isBlocked ? text.open : text.block, times)}
							done={isBlocked ? text.opened : text.isBlocked}
							own={slotRefusals()}
							run={toggle}
						/>
					)}
					<Opener action={t.edit} of={times} open={() => setOpen("change")} />
					{!isTaken && <Opener action={text.delete} of={times} open={() => setOpen("delete")} />}
				</span>
			)}
			{open === "change" && (
				<Dialog title={text.changeSlot} close={close}>
					<ChangeSlot
						id={slot.id}
						changed={(next) => {
							close();
							put(next);
						}}
					/>
				</Dialog>
			)}
			{open === "delete" && <DeleteSlot slot={slot} times={times} close={close} deleted={deleted} />}
		</li>
	);
}

function Opener({ action, of, open }: { action: string; of: string; open: () => void }) {
	return (
		<button type="button" class="quiet" aria-label={text.named(action, of)} onClick={open}>
			{action}
		</button>
	);
}

interface DeleteSlotProps {
	slot: Slot;
	times: string;
	close: () => void;
	deleted: () => void;
}

function DeleteSlot({ slot, times, close, deleted }: DeleteSlotProps) {
	const remove = async (): Promise<void> => {
		await call(deleteSlot, { id: slot.id }, undefined);
		close();
		announce(text.slotDeleted);
		deleted();
	};
	return (
		<DeleteDialog
			title={text.deleteSlot}
			what={`${dayName(dayOf(slot.startTime))}, ${times}`}
			hint={text.deleteSlotHint}
			own={slotRefusals()}
			remove={remove}
			close={close}
		/>
	);
}
