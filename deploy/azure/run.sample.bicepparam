// A fictional department. Copy this file and put your own values in.
using './run.bicep'

param registry = 'lakesandportages.azurecr.io'
param vaultName = 'cairn-lakes-and-portages'
param databasePassword = az.getSecret('00000000-0000-0000-0000-000000000000', 'cairn', 'cairn-lakes-and-portages', 'database-password')
param organization = loadTextContent('../organization.yaml')
param teamsAppId = '00000000-0000-0000-0000-000000000000'
param teamsTenants = '00000000-0000-0000-0000-000000000000'
