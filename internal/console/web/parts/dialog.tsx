// A dialog: the browser's own element, which keeps the focus and closes by Escape.

import type { ComponentChildren } from "preact";
import { useLayoutEffect, useId, useRef } from "preact/hooks";
import { t } from "../text";

interface DialogProps {
	title: string;
	/** Called when the user closes it. */
	close: () => void;
	children: ComponentChildren;
}

/** A dialog that is open as long as it is drawn. */
export function Dialog({ title, close, children }: DialogProps) {
	const dialog = useRef<HTMLDialogElement>(null);
	const id = useId();
	// Before it is painted: what is typed at once goes into the dialog, not behind it.
	useLayoutEffect(() => {
		const element = dialog.current;
		const before = document.activeElement;
		element?.showModal();
		return () => {
			element?.close();
			if (before instanceof HTMLElement) before.focus();
		};
	}, []);
	return (
		<dialog
			ref={dialog}
			aria-labelledby={id}
			onCancel={(event) => {
				event.preventDefault();
				close();
			}}
		>
			<div class="dialog-head">
				<h2 id={id}>{title}</h2>
				<button type="button" class="quiet" onClick={close} aria-label={t.close}>
					✕
				</button>
			</div>
			{children}
		</dialog>
	);
}
