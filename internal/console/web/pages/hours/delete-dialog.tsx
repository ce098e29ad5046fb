import { Dialog } from "../../parts/dialog";
import { ActionButton } from "../../parts/form";
import type { Explanations } from "../../api/call";
import { text } from "./text";

interface DeleteDialogProps {
	title: string;
	/** What would be deleted, in words, and what that means. */
	what: string;
	hint: string;
	own?: Explanations;
	remove: () => Promise<void>;
	close: () => void;
}

/** Asks whether something is to be deleted. */
export function DeleteDialog({ title, what, hint, own = {}, remove, close }: DeleteDialogProps) {
	return (
		<Dialog title={title} close={close}>
			<p>
				<strong>{what}</strong>
			</p>
			<p>{hint}</p>
			<div class="actions">
				<ActionButton class="danger" text={text.deleteIt} own={own} run={remove} />
				<button type="button" onClick={close}>
					{text.keepIt}
				</button>
			</div>
		</Dialog>
	);
}
