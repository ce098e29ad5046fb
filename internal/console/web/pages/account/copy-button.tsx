import { announce } from "../../parts/announce";
import { t } from "../../text";
import { text } from "./text";

/** Copies a text. Where the browser doesn't allow that, it says so. */
export function CopyButton({ value, label }: { value: string; label: string }) {
	const copy = async (): Promise<void> => {
		try {
			await navigator.clipboard.writeText(value);
			announce(t.copied);
		} catch {
			announce(text.copyByHand);
		}
	};
	return (
		<button type="button" aria-label={label} onClick={() => void copy()}>
			{t.copy}
		</button>
	);
}
