// Links to files of the API.

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { address, type Operation } from "../api/call";
import { download } from "./download";
import { explain } from "./refusal";

interface FileLinkProps<In> {
	op: Operation<In, undefined, unknown>;
	params: In;
	/** The name of the file. */
	name: string;
	label?: string;
	class?: string;
	children: ComponentChildren;
}

/**
 * A link to what an operation answers as a file. The page reads it, not the browser, which would only say that there is
 * none: so it can ask for a sign-in, and say why not.
 */
export function FileLink<In extends object>({
	op,
	params,
	name,
	label,
	class: className,
	children,
}: FileLinkProps<In>) {
	const [isBusy, setBusy] = useState(false);
	const [error, setError] = useState<unknown>(null);
	const save = async (): Promise<void> => {
		setBusy(true);
		setError(null);
		try {
			await download(op, params, name);
		} catch (e) {
			setError(e);
		} finally {
			setBusy(false);
		}
	};
	return (
		<>
			<a
				class={className}
				href={address(op, params)}
				download={name}
				aria-label={label}
				aria-disabled={isBusy}
				onClick={(event) => {
					event.preventDefault();
					if (!isBusy) void save();
				}}
			>
				{children}
			</a>
			{error !== null && (
				<span class="refusal inline" role="alert">
					{explain(error)}
				</span>
			)}
		</>
	);
}
