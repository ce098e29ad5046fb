import { useState } from "preact/hooks";
import { call } from "../../api/call";
import { deleteSlot, updateSlot, type Slot } from "../../api/operations";
import { announce } from "../../parts/announce";
import { Dialog } from "../../parts/dialog";
import { ActionButton } from "../../parts/form";
import { clock, dayName, dayOf } from "../../parts/time";
import { t } from "../../text";
import { ChangeSlot, slotRefusals } from "./slot-forms";
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
	/** The doctor is away then: a blocked slot can't be opened. */
	isAway: boolean;
	/** Called with what the slot is now. */
	put: (slot: Slot) => void;
	/** Called when the slot isn't there any more. */
	deleted: () => void;
}

/** A slot with its state, and what can be done with it. */
export function SlotRow({ slot, isAway, put, deleted }: SlotRowProps) {
	const [open, setOpen] = useState<"change" | "delete" | null>(null);
	const times = `${clock(slot.startTime)} – ${clock(slot.endTime)}`;
	const hasBegun = Date.parse(slot.startTime) <= Date.now();
	const isBlocked = slot.status === "BLOCKED";
	const color = isBlocked ? "cancelled" : hasVisits(slot) ? "requested" : "confirmed";
	const close = (): void => setOpen(null);
	return (
		<li class="card slot">
			<strong>{times}</strong>
			<span class={"status " + color}>{stateOf(slot, isAway)}</span>
			{hasBegun ? (
				<span class="small">{text.hasBegun}</span>
			) : (
				<span class="slot-actions">
					{!hasVisits(slot) && !(isBlocked && isAway) && (
						<ActionButton
							class="quiet"
							text={isBlocked ? text.open : text.block}
							label={text.named(isBlocked ? text.open : text.block, times)}
							done={isBlocked ? text.opened : text.isBlocked}
							own={slotRefusals()}
							run={async () => {
								const status = isBlocked ? ("AVAILABLE" as const) : ("BLOCKED" as const);
								put((await call(updateSlot, { id: slot.id }, { status })).data);
							}}
						/>
					)}
					<button
						type="button"
						class="quiet"
						aria-label={text.named(t.edit, times)}
						onClick={() => setOpen("change")}
					>
						{t.edit}
					</button>
					{!hasVisits(slot) && (
						<button
							type="button"
							class="quiet"
							aria-label={text.named(text.delete, times)}
							onClick={() => setOpen("delete")}
						>
							{text.delete}
						</button>
					)}
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
			{open === "delete" && (
				<Dialog title={text.deleteSlot} close={close}>
					<p>
						<strong>
							{dayName(dayOf(slot.startTime))}, {times}
						</strong>
					</p>
					<p>{text.deleteSlotHint}</p>
					<div class="actions">
						<ActionButton
							class="danger"
							text={text.deleteIt}
							own={slotRefusals()}
							run={async () => {
								await call(deleteSlot, { id: slot.id }, undefined);
								close();
								announce(text.slotDeleted);
								deleted();
							}}
						/>
						<button type="button" onClick={close}>
							{text.keepIt}
						</button>
					</div>
				</Dialog>
			)}
		</li>
	);
}
