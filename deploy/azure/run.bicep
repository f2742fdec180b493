// Runs Cairn on Azure Container Apps: three replicas, PostgreSQL that nothing public reaches, secrets out of a Key Vault.
// The vault is there first, in this resource group, with role-based access, and lets a deployment read it, as the sample does. It holds:
// database-password, seal-keys, case-keys, slack-bot-token, slack-signing-secrets and teams-app-password. An identity is there first too:
// the first replica is pulled, and its secrets are read, as it. A role takes some minutes to arrive: give both, wait for ten minutes, and
// then deploy. deploy/azure/bot.bicep registers the bot.
//
//     az keyvault create --resource-group cairn --name VAULT --enable-rbac-authorization true --enabled-for-template-deployment true --query id --output tsv
//     az identity create --resource-group cairn --name cairn --query principalId --output tsv
//     az role assignment create --role AcrPull --assignee-principal-type ServicePrincipal --assignee-object-id PRINCIPAL_ID --scope REGISTRY_ID
//     az role assignment create --role "Key Vault Secrets User" --assignee-principal-type ServicePrincipal --assignee-object-id PRINCIPAL_ID --scope VAULT_ID
//     az role assignment create --role "Key Vault Secrets Officer" --assignee YOU --scope VAULT_ID
//     az keyvault secret set --vault-name VAULT --name seal-keys --file deploy/compose/secrets/seal_keys       # and so on, one for each
//     az deployment group create --resource-group cairn --parameters YOURS.bicepparam
//
// YOU is your own name in Entra; take the role back once the vault is filled. Where there is no Slack, or no Teams, take its secrets and its
// CAIRN_ settings out of this file and of yours: a secret that the vault lacks stops the deployment. There are no letters here, since
// CAIRN_SMTP_URL is not set: an office of mode introduction needs a desk on Slack or Teams.
//
// The organization's file is a secret here, and a running replica never sees a change of a secret. So a changed file, offline: true above
// all, takes minutes and not seconds: deploy again by the last command above, which makes a new revision. What was changed in the vault is
// read once the revision is restarted:
//
//     az containerapp revision restart --resource-group cairn --name cairn --revision REVISION
//
// There are no metrics: CAIRN_METRICS is not set, since nothing here could ask each replica, and so no alarm tells how long something waits
// for an office. In their place, make log alerts on ContainerAppConsoleLogs_CL where Log_s contains:
//   "level": "error"                 more than ten times in ten minutes
//   the store does not answer        for two minutes
//   is not delivered yet             at all: it is said once of each thing, some minutes after the first attempt
//   channel is not private           at all
//   could not be delivered           at all
//   does not accept                  at all
//   too much work is waiting         for five minutes
// and have cairn doctor run each day (az containerapp exec): it says what has waited for fifteen minutes.

targetScope = 'resourceGroup'

@description('Where all of it stands. Canada Central has zones, which the database and the replicas are spread over.')
param location string = 'canadacentral'

@description('Name of all that is made here, or the beginning of it.')
@minLength(2)
@maxLength(24)
param name string = 'cairn'

@description('Name of the identity, in this resource group, that pulls the image and reads the secrets; the head says its roles.')
param identityName string = name

@description('Server of the registry that holds the image, such as lakes.azurecr.io; the identity must be allowed to pull from it.')
param registry string

@description('The image in that registry, with its version.')
param image string = 'cairn:0.1.0'

@description('Name of the Key Vault that holds the secrets.')
param vaultName string

@description('Password of the database; take it from the vault with az.getSecret, as the sample does.')
@secure()
@minLength(32)
param databasePassword string

@description('Text of the organization file of the department; the sample reads the file. It holds contacts and ids of people.')
@secure()
param organization string

@description('Application (client) id of the app registration in Entra.')
@minLength(36)
@maxLength(36)
param teamsAppId string

@description('Tenants whose people are served, by their ids, with commas between them.')
param teamsTenants string

@description('Days for which the backups of the database can be gone back to. What is erased is in them for that long.')
@minValue(7)
@maxValue(35)
param backupDays int = 7

var vaultAddress = 'https://${vaultName}${environment().suffixes.keyvaultDns}/secrets'

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' existing = {
  name: vaultName
}

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = {
  name: identityName
}

resource databaseUrl 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = {
  parent: vault
  name: 'database-url'
  properties: {
    value: 'postgresql://cairn:${uriComponent(databasePassword)}@${server.properties.fullyQualifiedDomainName}/cairn?sslmode=verify-full&sslrootcert=/etc/ssl/certs/ca-certificates.crt'
  }
}

resource network 'Microsoft.Network/virtualNetworks@2024-05-01' = {
  name: name
  location: location
  properties: {
    addressSpace: {
      addressPrefixes: [
        '10.40.0.0/22'
      ]
    }
    subnets: [
      {
        name: 'replicas'
        properties: {
          addressPrefix: '10.40.0.0/23'
          delegations: [
            {
              name: 'apps'
              properties: {
                serviceName: 'Microsoft.App/environments'
              }
            }
          ]
        }
      }
      {
        name: 'database'
        properties: {
          addressPrefix: '10.40.2.0/28'
          delegations: [
            {
              name: 'postgresql'
              properties: {
                serviceName: 'Microsoft.DBforPostgreSQL/flexibleServers'
              }
            }
          ]
        }
      }
    ]
  }
}

resource names 'Microsoft.Network/privateDnsZones@2024-06-01' = {
  name: '${name}.private.postgres.database.azure.com'
  location: 'global'
}

resource namesInNetwork 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = {
  parent: names
  name: name
  location: 'global'
  properties: {
    registrationEnabled: false
    virtualNetwork: {
      id: network.id
    }
  }
}

resource server 'Microsoft.DBforPostgreSQL/flexibleServers@2024-08-01' = {
  name: '${name}-${uniqueString(resourceGroup().id)}'
  location: location
  sku: {
    name: 'Standard_D2ds_v5'
    tier: 'GeneralPurpose'
  }
  properties: {
    version: '16'
    administratorLogin: 'cairn'
    administratorLoginPassword: databasePassword
    storage: {
      storageSizeGB: 32
      autoGrow: 'Enabled'
    }
    backup: {
      backupRetentionDays: backupDays
      geoRedundantBackup: 'Disabled'
    }
    highAvailability: {
      mode: 'ZoneRedundant'
    }
    network: {
      publicNetworkAccess: 'Disabled'
      delegatedSubnetResourceId: network.properties.subnets[1].id
      privateDnsZoneArmResourceId: names.id
    }
  }
  dependsOn: [
    namesInNetwork
  ]
}

resource database 'Microsoft.DBforPostgreSQL/flexibleServers/databases@2024-08-01' = {
  parent: server
  name: 'cairn'
  properties: {
    charset: 'UTF8'
    collation: 'en_US.utf8'
  }
}

resource logs 'Microsoft.OperationalInsights/workspaces@2023-09-01' = {
  name: name
  location: location
  properties: {
    sku: {
      name: 'PerGB2018'
    }
    retentionInDays: 30
  }
}

resource managed 'Microsoft.App/managedEnvironments@2025-07-01' = {
  name: name
  location: location
  properties: {
    zoneRedundant: true
    vnetConfiguration: {
      internal: false
      infrastructureSubnetId: network.properties.subnets[0].id
    }
    workloadProfiles: [
      {
        name: 'Consumption'
        workloadProfileType: 'Consumption'
      }
    ]
    appLogsConfiguration: {
      destination: 'log-analytics'
      logAnalyticsConfiguration: {
        customerId: logs.properties.customerId
        sharedKey: logs.listKeys().primarySharedKey
      }
    }
  }
}

resource app 'Microsoft.App/containerApps@2025-07-01' = {
  name: name
  location: location
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identity.id}': {}
    }
  }
  properties: {
    environmentId: managed.id
    workloadProfileName: 'Consumption'
    configuration: {
      activeRevisionsMode: 'Single'
      // The outside comes by the two paths below.
      ingress: {
        external: false
        targetPort: 8080
        transport: 'http'
        allowInsecure: false
      }
      registries: [
        {
          server: registry
          identity: identity.id
        }
      ]
      secrets: [
        {
          name: 'database-url'
          keyVaultUrl: '${vaultAddress}/database-url'
          identity: identity.id
        }
        {
          name: 'seal-keys'
          keyVaultUrl: '${vaultAddress}/seal-keys'
          identity: identity.id
        }
        {
          name: 'case-keys'
          keyVaultUrl: '${vaultAddress}/case-keys'
          identity: identity.id
        }
        {
          name: 'slack-bot-token'
          keyVaultUrl: '${vaultAddress}/slack-bot-token'
          identity: identity.id
        }
        {
          name: 'slack-signing-secrets'
          keyVaultUrl: '${vaultAddress}/slack-signing-secrets'
          identity: identity.id
        }
        {
          name: 'teams-app-password'
          keyVaultUrl: '${vaultAddress}/teams-app-password'
          identity: identity.id
        }
        {
          name: 'organization'
          value: organization
        }
      ]
    }
    template: {
      terminationGracePeriodSeconds: 60
      containers: [
        {
          name: 'cairn'
          image: '${registry}/${image}'
          resources: {
            cpu: json('0.5')
            memory: '1Gi'
          }
          env: [
            {
              name: 'CAIRN_WEB'
              value: 'false'
            }
            {
              name: 'CAIRN_ORGANIZATION'
              value: '/run/cairn/organization.yaml'
            }
            {
              name: 'CAIRN_DATABASE_URL_FILE'
              value: '/run/cairn/database_url'
            }
            {
              name: 'CAIRN_SEAL_KEYS_FILE'
              value: '/run/cairn/seal_keys'
            }
            {
              name: 'CAIRN_CASE_KEYS_FILE'
              value: '/run/cairn/case_keys'
            }
            {
              name: 'CAIRN_SLACK_BOT_TOKEN_FILE'
              value: '/run/cairn/slack_bot_token'
            }
            {
              name: 'CAIRN_SLACK_SIGNING_SECRETS_FILE'
              value: '/run/cairn/slack_signing_secrets'
            }
            {
              name: 'CAIRN_TEAMS_APP_ID'
              value: teamsAppId
            }
            {
              name: 'CAIRN_TEAMS_TENANTS'
              value: teamsTenants
            }
            {
              name: 'CAIRN_TEAMS_APP_PASSWORD_FILE'
              value: '/run/cairn/teams_app_password'
            }
            // Cairn does not read it. A changed file must change the template, or there would be no new revision.
            {
              name: 'ORGANIZATION_VERSION'
              value: uniqueString(organization)
            }
          ]
          volumeMounts: [
            {
              volumeName: 'secrets'
              mountPath: '/run/cairn'
            }
          ]
          probes: [
            {
              type: 'Startup'
              httpGet: {
                path: '/health/live'
                port: 8080
              }
              periodSeconds: 2
              failureThreshold: 30
            }
            {
              type: 'Liveness'
              httpGet: {
                path: '/health/live'
                port: 8080
              }
              periodSeconds: 10
              timeoutSeconds: 5
              failureThreshold: 3
            }
            {
              type: 'Readiness'
              httpGet: {
                path: '/health/ready'
                port: 8080
              }
              periodSeconds: 5
              timeoutSeconds: 3
              failureThreshold: 2
            }
          ]
        }
      ]
      scale: {
        minReplicas: 3
        maxReplicas: 6
      }
      volumes: [
        {
          name: 'secrets'
          storageType: 'Secret'
          secrets: [
            {
              secretRef: 'database-url'
              path: 'database_url'
            }
            {
              secretRef: 'seal-keys'
              path: 'seal_keys'
            }
            {
              secretRef: 'case-keys'
              path: 'case_keys'
            }
            {
              secretRef: 'slack-bot-token'
              path: 'slack_bot_token'
            }
            {
              secretRef: 'slack-signing-secrets'
              path: 'slack_signing_secrets'
            }
            {
              secretRef: 'teams-app-password'
              path: 'teams_app_password'
            }
            {
              secretRef: 'organization'
              path: 'organization.yaml'
            }
          ]
        }
      ]
    }
  }
  dependsOn: [
    databaseUrl
    database
  ]
}

// What Slack and Microsoft call, and nothing else: health stays inside.
resource paths 'Microsoft.App/managedEnvironments/httpRouteConfigs@2025-07-01' = {
  parent: managed
  name: name
  properties: {
    rules: [
      {
        routes: [
          {
            match: {
              path: '/slack/events'
            }
          }
          {
            match: {
              path: '/api/messages'
            }
          }
        ]
        targets: [
          {
            containerApp: app.name
          }
        ]
      }
    ]
  }
}

@description('Where Slack and Teams will call Cairn: with https:// before it, it is the url of bot.bicep.')
output host string = paths.properties.fqdn
