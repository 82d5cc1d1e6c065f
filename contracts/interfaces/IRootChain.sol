// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IRootChainTypes} from "./IRootChainTypes.sol";

/// @title Root chain: money that moves on a plasma chain, and the games by which it comes back
/// @notice An operator commits to blocks of transactions (`PlasmaTx`, `BlockTree`). Whoever owns an output takes it out
/// with a proof of its inclusion (a standard exit), or takes a transaction that may never have been included through its
/// own game (an in-flight exit); whoever sees that an output was spent stops its exit and earns the bond behind it.
/// @dev Nobody owns the contract; it has no proxy, no pause and no fee. The operator alone adds blocks and names a
/// successor; it can stop the chain, never an exit. A position is `block(40) | transaction(16) | output(8)`; a deposit's
/// is `2^39 + id` in place of the block, zeros behind. An output is known by
/// `keccak256(keccak256(0x02 | transaction) | output(1))`, a deposit by `keccak256(0x03 | id(8))`: however often it was
/// included, it is paid once.
/// @custom:security An exit is paid only while all that is registered under older blocks stays covered by what the
/// contract holds (the reservation ledger, see `claim`): whoever exits in time outputs older than a fraud is paid.
interface IRootChain is IRootChainTypes {
    // --------------------------------------------------------------------------------------------------- Deposits

    /// @notice Give a token its id. Anybody may; a token that takes fees or rebases does not belong here.
    function registerToken(address token) external returns (uint256 id);

    /// @notice Pay in ether for `owner`. Returns the deposit's id.
    function depositETH(address owner) external payable returns (uint256 id);

    /// @notice Pay in an allowed amount of a token for `owner`.
    function deposit(uint256 token, uint256 amount, address owner) external returns (uint256 id);

    /// @notice The same with an EIP-2612 permit of the caller.
    function depositWithPermit(
        uint256 token,
        uint256 amount,
        address owner,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external returns (uint256 id);

    /// @notice Pay in for `from`, who signed an EIP-3009 authorization to this contract. Anybody may bring it: it can
    /// serve nothing but a deposit for `from`.
    /// @param signature 65 bytes; any other length goes to the token's form for contract signatures
    function depositWithAuthorization(
        uint256 token,
        uint256 amount,
        address from,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) external returns (uint256 id);

    /// @notice Pay in for `from`, who signed a Permit2 transfer to this contract as spender. Anybody may bring it.
    function depositWithPermit2(
        uint256 token,
        uint256 amount,
        address from,
        uint256 nonce,
        uint256 deadline,
        bytes calldata signature
    ) external returns (uint256 id);

    // ----------------------------------------------------------------------------------------------------- Blocks

    /// @notice Commit to the next block. Only the operator.
    /// @param number must be the next one: a block sent twice, or after a reorganisation, does no harm
    /// @param root `keccak256(0x01 | root over the transactions | keccak256(all signatures))`, see `BlockTree`
    function submitBlock(uint256 number, bytes32 root, uint256 count) external;

    /// @notice The same with a proof, on a chain that wants one.
    function submitProvenBlock(uint256 number, bytes32 root, uint256 count, bytes32 nextState, bytes calldata proof)
        external;

    /// @notice Name the next operator; again, another one. Only the operator.
    function announceOperator(address next) external;

    /// @notice Take over. Only the announced one, after the delay.
    function acceptOperator() external;

    // ------------------------------------------------------------------------------------------------------ Exits

    /// @notice Start to take out an output or deposit that the caller owns. Value: the bond.
    function startExit(Proof calldata output) external payable;

    /// @notice Several at once. Value: as many bonds.
    function startExits(Proof[] calldata outputs) external payable;

    /// @notice Stop an exit whose output its owner has spent; the bond goes to the caller.
    /// @param output the output; word and path only if its transaction was included a second time and `spend` names that
    /// position
    function challengeExit(Proof calldata output, Spend calldata spend) external;

    /// @notice Pay exits that have waited. What cannot be paid now is passed over; a single item says why.
    /// An exit is paid while `reserved - (sum of buckets listed) <= what the contract holds`: normally nothing has to be
    /// listed; after a fraud, buckets newer than the exit's own, and its own (its amount then counts again).
    /// @param newer numbers (block / 2) of buckets, increasing; those older than an exit's own are ignored for it
    function claim(Item[] calldata items, uint256[] calldata newer) external;

    /// @notice While a token is short, keep one sum of all that is registered under buckets from `bucket` on: claims of what
    /// is older need not list those, however many they are. Anybody moves it, as far as one transaction goes; it begins
    /// behind the last block. Ends the sum if nothing is short.
    /// @param bucket the first one (block / 2)
    function track(uint256 token, uint256 bucket) external;

    /// @notice Fetch what could not be paid to the caller; to another address if need be.
    function withdraw(uint256 token, address to) external;

    // -------------------------------------------------------------------------------------------- In-flight exits

    /// @notice Start the exit of a transaction that may not have been included. Only an owner of an input.
    /// Its id is `keccak256(keccak256(0x02 | data) | id of each input's output)`.
    /// @param transaction position zero; once it has expired, its inclusion must be proven
    /// @param inputs the outputs that it spends, in order
    /// @param signatures of their owners, in order, 64 bytes each
    /// @param bits inputs (0 to 3) and outputs (4 to 7) of the caller that join at once
    function startInFlight(Proof calldata transaction, Proof[] calldata inputs, bytes calldata signatures, uint256 bits)
        external
        payable;

    /// @notice Join with an input or output that the caller owns. In the first half only. Value: the bond.
    /// @param bit which (0 to 7)
    /// @param inputData the transaction or deposit record that made the input, and each input that has joined; empty for
    /// others, and at the end left out
    function piggyback(bytes calldata data, bytes32[] calldata inputIds, uint256 bit, bytes[] calldata inputData)
        external
        payable;

    /// @notice Show a competitor: another transaction that spends the same output. In the first half only. Earns a claim
    /// to the bond of the start. Until it is answered, inputs that have joined are registered instead of outputs.
    /// @param inputData what made the input, and each input that has joined; empty for others
    function challengeCanonical(
        bytes calldata data,
        bytes32[] calldata inputIds,
        uint256 input,
        bytes[] calldata inputData,
        Spend calldata competitor
    ) external;

    /// @notice Show that the transaction was included, before every competitor shown. Until it can be claimed. Outputs
    /// that have joined are registered again: do it before an exit that is newer and not honest can be claimed.
    /// @param inputData what made each input that has joined; empty for others, and at the end left out
    function answerCanonical(Proof calldata transaction, bytes32[] calldata inputIds, bytes[] calldata inputData)
        external;

    /// @notice Take the inputs that a game needs and no other game has any more, and let go of those that it does not need:
    /// while it is contested all that have not joined. Anybody may, until it can be claimed; what is registered follows.
    /// @param inputData as in `answerCanonical`
    function holdInputs(bytes calldata data, bytes32[] calldata inputIds, bytes[] calldata inputData) external;

    /// @notice Show that an input that joined was spent by another transaction; its bond goes to the caller.
    function challengeInput(
        bytes calldata data,
        bytes32[] calldata inputIds,
        uint256 input,
        bytes calldata inputData,
        Spend calldata spend
    ) external;

    /// @notice Show that an output that joined was spent; its bond goes to the caller.
    /// @param transaction included; position: that of the output
    function challengeOutput(Proof calldata transaction, bytes32[] calldata inputIds, Spend calldata spend) external;

    /// @notice Settle an in-flight exit that has waited, and pay what is covered; call again for the rest. Canonical, with
    /// no input paid elsewhere: its outputs, and its inputs count as spent. Else: its inputs that were not.
    /// @param inputData what made each input, in order
    function claimInFlight(
        bytes calldata data,
        bytes32[] calldata inputIds,
        bytes[] calldata inputData,
        uint256[] calldata newer
    ) external;

    /// @notice Drop an in-flight exit that nothing has joined by half time.
    function abandonInFlight(bytes calldata data, bytes32[] calldata inputIds) external;

    // ------------------------------------------------------------------------------------------------------- Data

    /// @notice Ask for a transaction of a block. Value: the bond.
    function challengeData(uint256 number, uint256 index, bytes32 root, uint256 word) external payable;

    /// @notice Show it. Takes the bond. Until the chain is frozen.
    function showData(Proof calldata transaction) external;

    /// @notice Freeze the chain because it was not shown in time. The bond goes back.
    function freeze(uint256 number, uint256 index) external;

    // ------------------------------------------------------------------------------------------------------ Views

    function config() external view returns (Config memory);
    function domainSeparator() external view returns (bytes32);
    /// @notice Operator, next block, next deposit, whether frozen.
    function head() external view returns (address operator, uint256 nextBlock, uint256 nextDeposit, bool frozen);
    /// @notice The announced operator and from when on it may take over.
    function nextOperator() external view returns (address next, uint256 from);
    /// @notice State root after the last block; zero without `validity`.
    function stateRoot() external view returns (bytes32);
    /// @notice `keccak256(root | word)`.
    function blocks(uint256 number) external view returns (bytes32);
    /// @notice `keccak256` of the record.
    function deposits(uint256 id) external view returns (bytes32);
    function exits(bytes32 id) external view returns (Exit memory);
    function inFlight(bytes32 id) external view returns (InFlight memory);
    /// @notice Registered under all buckets of a token; and what it holds for bonds and deferred payments.
    function reserveOf(uint256 token) external view returns (uint256 reserved, uint256 held);
    /// @notice Whether an in-flight exit holds an output.
    function isHeld(bytes32 id) external view returns (bool);
    /// @notice The latest block under which anything was paid, of whichever token: what is registered from now on stands
    /// behind what was registered in front of that.
    function passed() external view returns (uint256 number);

    /// @notice From which bucket on all that is registered of a token is summed up, and the sum; 2^40 - 1: nothing is.
    function tracked(uint256 token) external view returns (uint256 bucket, uint256 sum);
    /// @notice Registered under one block.
    function reservedUnder(uint256 token, uint256 number) external view returns (uint256);
    /// @notice Deferred payments.
    function pending(address owner, uint256 token) external view returns (uint256);
    /// @notice The address of a token; zero for ether.
    function tokenOf(uint256 id) external view returns (address);
    /// @notice Who asked for a transaction, and until when it must be shown: 2^40 - 1 once it was.
    function dataChallenge(uint256 number, uint256 index) external view returns (address challenger, uint256 until);
}
