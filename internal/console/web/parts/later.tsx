import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Loading, loadAnew } from "./load";
import { Refusal } from "./refusal";

interface LaterProps<Props extends object> {
	/** Throws Problem if the files don't come, as loadPart does. */
	load: () => Promise<ComponentType<Props>>;
	props: Props;
}

/** A part of a page whose files are loaded when it is drawn. */
export function Later<Props extends object>({ load, props }: LaterProps<Props>) {
	const [loaded, setLoaded] = useState<{ Part: ComponentType<Props> } | null>(null);
	const [error, setError] = useState<unknown>(null);
	useEffect(() => {
		load().then((Part) => setLoaded({ Part }), setError);
	}, []);
	if (error) return <Refusal error={error} retry={loadAnew} />;
	return loaded ? <loaded.Part {...props} /> : <Loading />;
}
