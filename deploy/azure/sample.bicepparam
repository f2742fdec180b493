// A fictional department. Copy this file and put your own values in.
using './bot.bicep'

param url = 'https://cairn.lakes.example'
param appId = '00000000-0000-0000-0000-000000000000'
param tenantId = '00000000-0000-0000-0000-000000000000'
param name = 'cairn-lakes-and-portages'
param sku = 'S1'
