//! Everything that SFMC says and hears: the activity contract, tokens, SOAP, REST, data extension rows.
