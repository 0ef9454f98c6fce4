use super::*;

fn retrieve(kind: &str, properties: &[&str], rest: &str) -> String {
    let properties: String = properties.iter().map(|name| format!("<Properties>{name}</Properties>")).collect();
    format!(
        "<RetrieveRequestMsg xmlns=\"http://exacttarget.com/wsdl/partnerAPI\"><RetrieveRequest>\
         <ObjectType>{kind}</ObjectType>{properties}{rest}</RetrieveRequest></RetrieveRequestMsg>"
    )
}

fn equals(property: &str, value: &str) -> String {
    format!(
        "<Filter xsi:type=\"SimpleFilterPart\"><Property>{property}</Property>\
         <SimpleOperator>equals</SimpleOperator><Value>{value}</Value></Filter>"
    )
}

fn create(object: &str) -> String {
    format!(
        "<CreateRequest xmlns=\"http://exacttarget.com/wsdl/partnerAPI\"><Options/>\
         <Objects xsi:type=\"DataExtension\">{object}</Objects></CreateRequest>"
    )
}

fn text<'a>(answer: &'a str, element: &str) -> &'a str {
    let after = answer.split_once(&format!("<{element}>")).map(|(_, after)| after).unwrap_or_default();
    after.split_once('<').map(|(text, _)| text).unwrap_or_default()
}

async fn caller() -> Caller {
    let sandbox = sandbox().await;
    sandbox.sfmc().create_data_extension(MID, reports_extension()).unwrap();
    Caller::new(&sandbox).await
}

#[tokio::test]
async fn extensions_and_their_columns_are_retrieved() {
    let caller = caller().await;
    let body = retrieve("DataExtension", &["ObjectID", "CustomerKey", "Name"], &equals("CustomerKey", "Reports"));
    let (status, answer) = caller.soap("Retrieve", &body).await;
    assert_eq!(status, 200);
    assert_eq!(text(&answer, "OverallStatus"), "OK");
    assert_eq!(text(&answer, "Name"), "SMS Delivery Reports");

    let properties = ["Name", "FieldType", "MaxLength", "Scale", "IsRequired", "IsPrimaryKey", "Ordinal"];
    let filter = equals("DataExtension.CustomerKey", "reports");
    let (_, answer) = caller.soap("Retrieve", &retrieve("DataExtensionField", &properties, &filter)).await;
    assert_eq!(answer.matches("<Results").count(), 6);
    let price = answer.split("<Results").find(|field| field.contains("<Name>price<")).unwrap();
    assert!(price.contains("<MaxLength>18</MaxLength><Scale>6</Scale>"), "{price}");
    assert!(price.contains("<Ordinal>5</Ordinal>"), "{price}");

    let (_, answer) = caller.soap("Retrieve", &retrieve("DataExtension", &["Colour"], "")).await;
    assert!(text(&answer, "OverallStatus").starts_with("Error: The Request Property(s) Colour"), "{answer}");
    let (_, answer) = caller.soap("Retrieve", &retrieve("DataExtension", &["Name"], &equals("Name", "None"))).await;
    assert!(!answer.contains("<Results"), "{answer}");
}

#[tokio::test]
async fn rows_are_retrieved_page_by_page() {
    let caller = caller().await;
    let rows = (0..5).map(|id| {
        let row = [("messageId", format!("m{id}")), ("statusName", "X".into()), ("count", id.to_string())];
        row.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    });
    caller.sandbox.sfmc().put_rows(MID, "reports", rows.collect()).unwrap();
    let kind = "DataExtensionObject[reports]";
    let filter = "<Filter xsi:type=\"ComplexFilterPart\"><LeftOperand xsi:type=\"SimpleFilterPart\"><Property>statusName</Property>\
                  <SimpleOperator>equals</SimpleOperator><Value>X</Value></LeftOperand><LogicalOperator>AND</LogicalOperator>\
                  <RightOperand xsi:type=\"SimpleFilterPart\"><Property>count</Property><SimpleOperator>greaterThan</SimpleOperator>\
                  <Value>0</Value></RightOperand></Filter><Options><BatchSize>3</BatchSize></Options>";
    let (_, first) = caller.soap("Retrieve", &retrieve(kind, &["messageId"], filter)).await;
    assert_eq!(text(&first, "OverallStatus"), "MoreDataAvailable", "{first}");
    assert_eq!(first.matches("<Results").count(), 3);
    let next = format!("<ContinueRequest>{}</ContinueRequest>", text(&first, "RequestID"));
    let (_, last) = caller.soap("Retrieve", &retrieve(kind, &["messageId"], &next)).await;
    assert_eq!(text(&last, "OverallStatus"), "OK");
    assert!(last.contains("<Name>messageId</Name><Value>m4</Value>"), "{last}");

    // A wildcard or an unknown column finds nothing, without a word.
    for property in ["*", "colour"] {
        let (_, answer) = caller.soap("Retrieve", &retrieve(kind, &["messageId", property], "")).await;
        assert_eq!(text(&answer, "OverallStatus"), "OK");
        assert!(!answer.contains("<Results"), "{answer}");
    }
    let untyped = filter.replace("<LeftOperand xsi:type=\"SimpleFilterPart\">", "<LeftOperand>");
    let (_, answer) = caller.soap("Retrieve", &retrieve(kind, &["messageId"], &untyped)).await;
    assert!(text(&answer, "OverallStatus").contains("Unknown filter of type FilterPart"), "{answer}");
}

const FIELD: &str = "<Field><CustomerKey>Id</CustomerKey><Name>Id</Name><MaxLength>50</MaxLength><IsRequired>true</IsRequired>\
                     <IsPrimaryKey>true</IsPrimaryKey><FieldType>Text</FieldType></Field>";

#[tokio::test]
async fn an_extension_is_created_once_and_gets_columns_later() {
    let caller = caller().await;
    let object = format!("<CustomerKey>omni</CustomerKey><Name>Omni &amp; Co</Name><Fields>{FIELD}</Fields>");
    let (_, answer) = caller.soap("Create", &create(&object)).await;
    assert_eq!(text(&answer, "OverallStatus"), "OK", "{answer}");
    let (_, answer) = caller.soap("Create", &create(&object)).await;
    assert_eq!((text(&answer, "OverallStatus"), text(&answer, "StatusCode")), ("Error", "Error"));
    assert_eq!(text(&answer, "ErrorCode"), "12014");

    let update = |field: &str| {
        let object = format!("<CustomerKey>omni</CustomerKey><Fields>{field}</Fields>");
        create(&object).replace("CreateRequest", "UpdateRequest")
    };
    let price =
        "<Field><Name>Price</Name><Scale>6</Scale><MaxLength>18</MaxLength><FieldType>Decimal</FieldType></Field>";
    let (_, answer) = caller.soap("Update", &update(price)).await;
    assert_eq!(text(&answer, "StatusCode"), "OK", "{answer}");
    let (_, answer) = caller.soap("Update", &update(price)).await;
    assert_eq!(text(&answer, "StatusCode"), "Error", "{answer}");
    let spec = caller.sandbox.sfmc().data_extension(MID, "omni").unwrap();
    assert_eq!(spec.name, "Omni & Co");
    assert_eq!(spec.columns[1], Column::decimal("Price", 18, 6));
}

#[tokio::test]
async fn columns_against_the_rules_are_refused() {
    let caller = caller().await;
    let field = |rest: &str| format!("<Field><Name>F</Name>{rest}</Field>");
    let refused = [
        field("<IsPrimaryKey>true</IsPrimaryKey><FieldType>Text</FieldType>"),
        field("<MaxLength>4001</MaxLength><FieldType>Text</FieldType>"),
        field("<MaxLength>0</MaxLength><FieldType>Text</FieldType>"),
        field("<MaxLength>4</MaxLength><FieldType>Number</FieldType>"),
        field("<Scale>0</Scale><FieldType>Number</FieldType>"),
        field("<FieldType>Decimal</FieldType>"),
        field("<FieldType>Integer</FieldType>"),
        field("<FieldType>Text</FieldType><MaxLength>5</MaxLength>"),
        field("<FieldType>Text</FieldType>").replace("<Name>F</Name>", ""),
        String::new(),
    ];
    for field in &refused {
        let object = format!("<CustomerKey>k</CustomerKey><Name>N</Name><Fields>{field}</Fields>");
        let (_, answer) = caller.soap("Create", &create(&object)).await;
        assert_eq!(text(&answer, "StatusCode"), "Error", "{field}");
    }
    let allowed = [
        field("<MaxLength>4000</MaxLength><FieldType>Text</FieldType>"),
        field("<FieldType>Phone</FieldType>"),
        field("<MaxLength>254</MaxLength><FieldType>EmailAddress</FieldType>"),
        field("<DefaultValue>Now()</DefaultValue><FieldType>Date</FieldType>"),
    ];
    for (place, field) in allowed.iter().enumerate() {
        let object = format!("<CustomerKey>k{place}</CustomerKey><Name>N{place}</Name><Fields>{field}</Fields>");
        let (_, answer) = caller.soap("Create", &create(&object)).await;
        assert_eq!(text(&answer, "StatusCode"), "OK", "{field} {answer}");
    }
}
