// Registers Cairn with the Azure Bot Service and joins it to Teams. Nothing here is secret: the app's
// password goes to Cairn alone. docs/operators/teams.md says when to use this.

targetScope = 'resourceGroup'

@description('Public address of Cairn, with https:// and without a slash at its end. Teams calls /api/messages under it.')
@minLength(9)
param url string

@description('Application (client) id of the app registration in Entra; Cairn gets the same one in CAIRN_TEAMS_APP_ID.')
@minLength(36)
@maxLength(36)
param appId string

@description('Tenant of that app registration, by its id.')
@minLength(36)
@maxLength(36)
param tenantId string = tenant().tenantId

@description('Name of the registration. No other bot in Azure may have the same.')
@minLength(2)
@maxLength(64)
param name string = 'cairn-${uniqueString(resourceGroup().id)}'

@description('Name that people see where Azure shows one.')
param displayName string = 'Cairn'

@description('Pricing tier: F0 is free of charge, S1 comes with a service level agreement.')
@allowed([
  'F0'
  'S1'
])
param sku string = 'F0'

resource bot 'Microsoft.BotService/botServices@2022-09-15' = {
  name: name
  location: 'global'
  kind: 'azurebot'
  sku: {
    name: sku
  }
  properties: {
    displayName: displayName
    endpoint: '${url}/api/messages'
    msaAppId: appId
    msaAppType: 'SingleTenant'
    msaAppTenantId: tenantId
    disableLocalAuth: true
  }
}

resource teams 'Microsoft.BotService/botServices/channels@2022-09-15' = {
  parent: bot
  name: 'MsTeamsChannel'
  location: 'global'
  properties: {
    channelName: 'MsTeamsChannel'
    properties: {
      isEnabled: true
      enableCalling: false
    }
  }
}

@description('Where Teams will call Cairn.')
output endpoint string = bot.properties.endpoint
