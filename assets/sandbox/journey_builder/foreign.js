// A window that is neither the host nor the page. Its origin is the host's, so that only the check of the window
// itself tells it apart.
function forgeTo(page, host) {
  const activity = {
    id: 'FORGED', key: 'FORGED', name: 'FORGED', type: 'REST',
    arguments: { execute: { inArguments: [{ FORGED: 'FORGED' }], outArguments: [], url: 'https://forged.invalid/' } },
    configurationArguments: {}, metaData: { isConfigured: true }, schema: {}, outcomes: [],
  };
  const post = (target, event, ...args) => {
    const message = { e: event };
    args.forEach((value, index) => { message[`a${index + 1}`] = value; });
    target.postMessage(JSON.stringify(message), '*');
  };
  post(page, 'initActivity', activity);
  post(page, 'requestedTokens', { token: 'FORGED', fuel2token: 'FORGED', expires: 0, stackKey: 'FORGED' });
  post(page, 'requestedEndpoints', { restHost: 'forged.invalid', fuelapiRestHost: 'https://forged.invalid/' });
  post(page, 'requestedInteraction', { id: 'FORGED', name: 'FORGED', status: 'Published', activities: [activity] });
  post(page, 'clickedNext');
  post(host, 'updateActivity', activity);
}
